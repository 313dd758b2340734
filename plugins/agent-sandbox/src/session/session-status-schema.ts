import { conditionsSchema, lastEventSchema, number, text } from '../schema/common-status.js';
import type { StructuralSchema } from '../schema/structural-schema.js';

/** Schema of `status` of a Session. Written by the operator alone. */
export const sessionStatusSchema: StructuralSchema = {
  type: 'object',
  description: 'How far the Session has come.',
  properties: {
    observedGeneration: number('Generation of the Session that this status is about.'),
    phase: {
      type: 'string',
      description: 'Pending until the Agent is ready, Active while it is, Expired or Closed for good.',
      enum: ['Pending', 'Active', 'Expired', 'Closed'],
    },
    agentUid: text('Uid of the Agent that the Session is about; absent while there was none.'),
    expiresAt: { type: 'string', format: 'date-time', description: 'When the Session expires.' },
    lastEvent: lastEventSchema('Session'),
    conditions: conditionsSchema('Session', 'Ready: whether the Session is active. Degraded.'),
  },
};
