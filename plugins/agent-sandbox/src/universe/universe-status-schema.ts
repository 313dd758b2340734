import { conditionsSchema, lastEventSchema, number, text } from '../schema/common-status.js';
import type { StructuralSchema } from '../schema/structural-schema.js';

/** Schema of `status` of a Universe. Written by the operator alone. */
export const universeStatusSchema: StructuralSchema = {
  type: 'object',
  description: 'What the Universe bounds.',
  properties: {
    observedGeneration: number('Generation of the Universe that this status is about.'),
    namespaces: {
      type: 'array',
      description: 'Namespaces that belong to the Universe.',
      'x-kubernetes-list-type': 'set',
      items: { type: 'string' },
    },
    agents: {
      type: 'object',
      description: 'Agents in these namespaces.',
      properties: {
        total: number('How many there are.'),
        outside: number('How many of them are not admitted.'),
      },
    },
    outsideAgents: {
      type: 'array',
      description: 'The first 16 Agents that are not admitted.',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['name'],
      items: {
        type: 'object',
        required: ['name', 'message'],
        properties: {
          name: text('Namespace and name.'),
          message: text('The bounds that it does not keep to.'),
        },
      },
    },
    lastEvent: lastEventSchema('Universe'),
    conditions: conditionsSchema('Universe', 'Ready, Degraded.'),
  },
};
