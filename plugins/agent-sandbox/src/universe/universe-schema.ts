import { bytesAmount, cpuAmount } from '../schema/amount-schema.js';
import { CIDR, DNS_LABEL, DNS_SUBDOMAIN, PATTERN_WORDS } from '../schema/patterns.js';
import { portSchema, protocolSchema } from '../schema/port-schema.js';
import type { PatternWords, StructuralSchema } from '../schema/structural-schema.js';
import { IMAGE_PATTERN } from './image-pattern.js';

/** Names of Secrets, in which `*` stands for any characters. */
const SECRET_PATTERN = '^[a-z0-9*]([a-z0-9.*-]*[a-z0-9*])?$';

/** What each pattern of the schema asks for, in words. */
export const UNIVERSE_WORDS: PatternWords = {
  ...PATTERN_WORDS,
  [IMAGE_PATTERN]:
    'registry and repository such as registry.example.com/agents/* or docker.io/library/python',
  [SECRET_PATTERN]: 'the name of a Secret such as model-key or agent-*',
};

const egress: StructuralSchema = {
  type: 'object',
  description:
    'Connections that Agents may ask for at most; none but these. Without it they may ask for any.',
  properties: {
    dns: {
      type: 'boolean',
      description: "Whether Agents may look names up at the cluster's DNS.",
      default: false,
    },
    agents: {
      type: 'boolean',
      description: 'Whether Agents may connect to other Agents of their namespace.',
      default: false,
    },
    cidrs: {
      type: 'array',
      description:
        'Networks: each one that an Agent asks for must lie within one of them, with all its ports.',
      maxItems: 64,
      'x-kubernetes-list-type': 'atomic',
      items: {
        type: 'object',
        required: ['cidr', 'ports'],
        properties: {
          cidr: {
            type: 'string',
            description: 'Network such as 10.0.0.0/8.',
            maxLength: 43,
            pattern: CIDR,
          },
          ports: {
            type: 'array',
            description: 'Ports of it.',
            minItems: 1,
            maxItems: 16,
            'x-kubernetes-list-type': 'atomic',
            items: {
              type: 'object',
              required: ['port'],
              properties: {
                protocol: protocolSchema,
                port: portSchema('Port number, or the first one of a range.'),
                endPort: portSchema('Last port of the range.'),
              },
              'x-kubernetes-validations': [
                {
                  rule: '!has(self.endPort) || self.endPort >= self.port',
                  message: 'endPort must not be less than port',
                },
              ],
            },
          },
        },
      },
    },
  },
};

/** Schema of `spec` of a Universe. A bound that is absent bounds nothing. */
export const universeSpecSchema: StructuralSchema = {
  type: 'object',
  description: 'Which namespaces belong together, and what their Agents may ask for.',
  required: ['namespaces'],
  properties: {
    namespaces: {
      type: 'array',
      description:
        'Namespaces of the Universe. One that another Universe claimed before stays with that one.',
      minItems: 1,
      maxItems: 64,
      'x-kubernetes-list-type': 'set',
      items: { type: 'string', minLength: 1, maxLength: 63, pattern: DNS_LABEL },
    },
    images: {
      type: 'object',
      description: 'Images that Agents may use.',
      properties: {
        allowed: {
          type: 'array',
          description:
            'Registry and repository: * stands for any characters of one part of the path, ** for whole parts. Absent: any.',
          minItems: 1,
          maxItems: 64,
          'x-kubernetes-list-type': 'set',
          items: { type: 'string', minLength: 1, maxLength: 256, pattern: IMAGE_PATTERN },
        },
        requireDigest: {
          type: 'boolean',
          description: 'Images must be pinned by digest.',
          default: false,
        },
      },
    },
    runtimeClassNames: {
      type: 'array',
      description: 'RuntimeClasses, one of which each Agent must name. Absent: any, or none.',
      minItems: 1,
      maxItems: 16,
      'x-kubernetes-list-type': 'set',
      items: { type: 'string', minLength: 1, maxLength: 253, pattern: DNS_SUBDOMAIN },
    },
    limits: {
      type: 'object',
      description: 'The highest limits. For each that stands here, an Agent must give a limit.',
      properties: {
        cpu: cpuAmount('Cores, such as 4.'),
        memory: bytesAmount('Bytes, such as 8Gi.'),
        'ephemeral-storage': bytesAmount('Bytes of /tmp, logs and the writable layer together, such as 2Gi.'),
      },
    },
    workspace: {
      type: 'object',
      description: 'Bounds of workspaces.',
      properties: {
        maxSize: bytesAmount(
          'The largest size, such as 50Gi. With it no existing claims can be used: their size is not known.',
        ),
      },
    },
    egress,
    secrets: {
      type: 'object',
      description: 'Secrets that Agents may refer to. Absent: any of their namespace.',
      required: ['allowed'],
      properties: {
        allowed: {
          type: 'array',
          description: 'Names, in which * stands for any characters. An empty list allows none.',
          maxItems: 64,
          'x-kubernetes-list-type': 'set',
          items: { type: 'string', minLength: 1, maxLength: 253, pattern: SECRET_PATTERN },
        },
      },
    },
    quota: {
      type: 'object',
      description: 'How many there may be.',
      properties: {
        agents: {
          type: 'integer',
          description:
            'Agents that may exist in all namespaces of the Universe together, suspended ones included. Later ones wait.',
          format: 'int32',
          minimum: 0,
          maximum: 1_000_000,
        },
      },
    },
  },
};
