import type { KubernetesObject, ResourceType } from '@rynxs/kernel';
import { DNS_LABEL } from '../schema/patterns.js';
import { universeSpecSchema } from './universe-schema.js';
import { universeStatusSchema } from './universe-status-schema.js';

export const UNIVERSE: ResourceType = {
  group: 'universe.ai',
  version: 'v1alpha1',
  kind: 'Universe',
  plural: 'universes',
  namespaced: false,
};

const condition = (field: string) => `.status.conditions[?(@.type=="Ready")].${field}`;

/** The CustomResourceDefinition of Universe. `helm/rynxs/crds/universes.universe.ai.yaml` is generated from it. */
export const universeDefinition: KubernetesObject = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `${UNIVERSE.plural}.${UNIVERSE.group}` },
  spec: {
    group: UNIVERSE.group,
    scope: 'Cluster',
    names: {
      kind: UNIVERSE.kind,
      listKind: 'UniverseList',
      plural: UNIVERSE.plural,
      singular: 'universe',
      shortNames: ['uni'],
      categories: ['rynxs'],
    },
    versions: [
      {
        name: UNIVERSE.version,
        served: true,
        storage: true,
        subresources: { status: {} },
        additionalPrinterColumns: [
          { name: 'Agents', type: 'integer', jsonPath: '.status.agents.total' },
          { name: 'Outside', type: 'integer', jsonPath: '.status.agents.outside' },
          { name: 'Quota', type: 'integer', jsonPath: '.spec.quota.agents' },
          { name: 'Ready', type: 'string', jsonPath: condition('status') },
          { name: 'Reason', type: 'string', jsonPath: condition('reason') },
          { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
          { name: 'Namespaces', type: 'string', jsonPath: '.status.namespaces', priority: 1 },
        ],
        schema: {
          openAPIV3Schema: {
            type: 'object',
            description: 'A tenancy boundary: namespaces, and what the Agents in them may ask for.',
            required: ['spec'],
            properties: {
              apiVersion: { type: 'string' },
              kind: { type: 'string' },
              metadata: {
                type: 'object',
                properties: { name: { type: 'string', maxLength: 63, pattern: DNS_LABEL } },
              },
              spec: universeSpecSchema,
              status: universeStatusSchema,
            },
          },
        },
      },
    ],
  },
};
