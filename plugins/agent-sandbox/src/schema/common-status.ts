import type { StructuralSchema } from './structural-schema.js';

// What the status of every kind has.

export const text = (description: string): StructuralSchema => ({ type: 'string', description });
export const number = (description: string): StructuralSchema => ({
  type: 'integer',
  format: 'int64',
  description,
});

export const lastEventSchema = (kind: string): StructuralSchema => ({
  type: 'object',
  description: `The newest event of this ${kind} in the log.`,
  properties: { seq: number('Position in the log.'), hash: text('Hash of the record, SHA-256 in hex.') },
});

export const conditionsSchema = (kind: string, description: string): StructuralSchema => ({
  type: 'array',
  description,
  'x-kubernetes-list-type': 'map',
  'x-kubernetes-list-map-keys': ['type'],
  items: {
    type: 'object',
    required: ['type', 'status', 'reason', 'message', 'lastTransitionTime'],
    properties: {
      type: text('Name of the condition.'),
      status: { type: 'string', description: 'Whether it holds.', enum: ['True', 'False', 'Unknown'] },
      reason: text('Why, as a CamelCase word.'),
      message: text('Why, for people.'),
      observedGeneration: number(`Generation of the ${kind} that it is about.`),
      lastTransitionTime: {
        type: 'string',
        format: 'date-time',
        description: 'When `status` changed last.',
      },
    },
  },
});
