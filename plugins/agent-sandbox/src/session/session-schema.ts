import { DNS_LABEL, DURATION, PATTERN_WORDS } from '../schema/patterns.js';
import type { PatternWords, StructuralSchema } from '../schema/structural-schema.js';

/** No control characters, and no blank at either end. */
const PRINCIPAL = '^[^\\x00-\\x20\\x7f]([^\\x00-\\x1f\\x7f]*[^\\x00-\\x20\\x7f])?$';

/** What each pattern of the schema asks for, in words. */
export const SESSION_WORDS: PatternWords = {
  ...PATTERN_WORDS,
  [PRINCIPAL]: 'text without control characters, and without blanks at its ends',
};

/** Schema of `spec` of a Session. */
export const sessionSpecSchema: StructuralSchema = {
  type: 'object',
  description: 'On whose behalf an Agent works, and until when.',
  required: ['agentRef', 'principal'],
  properties: {
    agentRef: {
      type: 'object',
      description: 'The Agent. Cannot be changed.',
      required: ['name'],
      properties: {
        name: {
          type: 'string',
          description: 'Name of an Agent in the namespace of the Session.',
          minLength: 1,
          maxLength: 63,
          pattern: DNS_LABEL,
        },
      },
      'x-kubernetes-validations': [
        { rule: 'self == oldSelf', message: 'agentRef cannot be changed; make another Session' },
      ],
    },
    principal: {
      type: 'string',
      description:
        'On whose behalf: a user, a team, a job. It is put on the record as it is and not verified. Cannot be changed.',
      minLength: 1,
      maxLength: 256,
      pattern: PRINCIPAL,
      'x-kubernetes-validations': [
        { rule: 'self == oldSelf', message: 'principal cannot be changed; make another Session' },
      ],
    },
    lifecycle: {
      type: 'object',
      description: 'How long the Session lasts.',
      // API servers check CEL rules against this default as it stands.
      default: { state: 'Open' },
      properties: {
        state: {
          type: 'string',
          description: 'Closed ends the Session for good.',
          enum: ['Open', 'Closed'],
          default: 'Open',
        },
        ttl: {
          type: 'string',
          description:
            'Time after the creation of the Session when it expires, such as 30m or 8h; absent for no limit.',
          maxLength: 6,
          pattern: DURATION,
        },
      },
      'x-kubernetes-validations': [
        {
          rule: "oldSelf.state != 'Closed' || self.state == 'Closed'",
          message: 'a closed Session cannot be opened again; make another one',
        },
      ],
    },
  },
};
