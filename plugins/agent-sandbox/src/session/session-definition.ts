import type { KubernetesObject, ResourceType } from '@rynxs/kernel';
import { sessionSpecSchema } from './session-schema.js';
import { sessionStatusSchema } from './session-status-schema.js';

export const SESSION: ResourceType = {
  group: 'universe.ai',
  version: 'v1alpha1',
  kind: 'Session',
  plural: 'sessions',
  namespaced: true,
};

/** The CustomResourceDefinition of Session. `helm/rynxs/crds/sessions.universe.ai.yaml` is generated from it. */
export const sessionDefinition: KubernetesObject = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `${SESSION.plural}.${SESSION.group}` },
  spec: {
    group: SESSION.group,
    scope: 'Namespaced',
    names: {
      kind: SESSION.kind,
      listKind: 'SessionList',
      plural: SESSION.plural,
      singular: 'session',
      shortNames: ['sess'],
      categories: ['rynxs', 'all'],
    },
    versions: [
      {
        name: SESSION.version,
        served: true,
        storage: true,
        subresources: { status: {} },
        additionalPrinterColumns: [
          { name: 'Agent', type: 'string', jsonPath: '.spec.agentRef.name' },
          { name: 'Principal', type: 'string', jsonPath: '.spec.principal' },
          { name: 'Phase', type: 'string', jsonPath: '.status.phase' },
          { name: 'Expires', type: 'string', jsonPath: '.status.expiresAt' },
          { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
          {
            name: 'Reason',
            type: 'string',
            jsonPath: '.status.conditions[?(@.type=="Ready")].reason',
            priority: 1,
          },
        ],
        schema: {
          openAPIV3Schema: {
            type: 'object',
            description: 'A time during which an Agent works on behalf of somebody.',
            required: ['spec'],
            properties: {
              apiVersion: { type: 'string' },
              kind: { type: 'string' },
              metadata: { type: 'object' },
              spec: sessionSpecSchema,
              status: sessionStatusSchema,
            },
          },
        },
      },
    ],
  },
};
