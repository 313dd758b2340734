import type { KubernetesObject, ResourceType } from '@rynxs/kernel';
import { DNS_LABEL } from './schema/patterns.js';
import { specSchema } from './schema/spec-schema.js';
import { statusSchema } from './schema/status-schema.js';

export const AGENT: ResourceType = {
  group: 'universe.ai',
  version: 'v1alpha1',
  kind: 'Agent',
  plural: 'agents',
  namespaced: true,
};

/** Characters of an Agent's name: it becomes a label value, and labels hold 63. */
export const MAX_NAME_LENGTH = 63;

const condition = (type: string, field: string) => `.status.conditions[?(@.type=="${type}")].${field}`;

/** The CustomResourceDefinition of Agent. `helm/rynxs/crds/agents.universe.ai.yaml` is generated from it. */
export const agentDefinition: KubernetesObject = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `${AGENT.plural}.${AGENT.group}` },
  spec: {
    group: AGENT.group,
    scope: 'Namespaced',
    names: {
      kind: AGENT.kind,
      listKind: 'AgentList',
      plural: AGENT.plural,
      singular: 'agent',
      shortNames: ['ag'],
      categories: ['rynxs', 'all'],
    },
    versions: [
      {
        name: AGENT.version,
        served: true,
        storage: true,
        subresources: { status: {} },
        additionalPrinterColumns: [
          { name: 'Role', type: 'string', jsonPath: '.spec.role' },
          { name: 'Image', type: 'string', jsonPath: '.spec.image' },
          { name: 'Phase', type: 'string', jsonPath: '.status.phase' },
          { name: 'Ready', type: 'string', jsonPath: condition('Ready', 'status') },
          { name: 'Reason', type: 'string', jsonPath: condition('Ready', 'reason') },
          { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
          { name: 'Pod', type: 'string', jsonPath: '.status.podName', priority: 1 },
        ],
        schema: {
          openAPIV3Schema: {
            type: 'object',
            description:
              'An isolated computer for an AI agent: workspace, image, resources and network policy.',
            required: ['spec'],
            properties: {
              apiVersion: { type: 'string' },
              kind: { type: 'string' },
              metadata: {
                type: 'object',
                properties: { name: { type: 'string', maxLength: MAX_NAME_LENGTH, pattern: DNS_LABEL } },
              },
              spec: specSchema,
              status: statusSchema,
            },
          },
        },
      },
    ],
  },
};
