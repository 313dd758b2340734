import { bytesAmount, cpuAmount } from './amount-schema.js';
import { CREDENTIAL_NAME } from './credentials.js';
import { isolationSchema } from './isolation-schema.js';
import { networkSchema } from './network-schema.js';
import { DNS_SUBDOMAIN, DURATION, ENV_NAME, IMAGE, SECRET_KEY, TEXT_WITHOUT_NUL } from './patterns.js';
import type { StructuralSchema } from './structural-schema.js';
import { workspaceSchema } from './workspace-schema.js';

/**
 * The schema of an Agent's spec. Whatever it accepts is enforced; a field that nothing enforces does not exist. Rules
 * that it cannot say are CEL rules beside it, and `accept-spec.ts` repeats each of them.
 */

const amounts = (description: string): StructuralSchema => ({
  type: 'object',
  description,
  properties: {
    cpu: cpuAmount('Cores, such as 2, 0.5 or 500m.'),
    memory: bytesAmount('Bytes, such as 512Mi or 4Gi.'),
    'ephemeral-storage': bytesAmount('Bytes of /tmp, logs and the writable layer together, such as 1Gi.'),
  },
});

const words = (description: string): StructuralSchema => ({
  type: 'array',
  description,
  minItems: 1,
  maxItems: 32,
  'x-kubernetes-list-type': 'atomic',
  items: { type: 'string', maxLength: 4096, pattern: TEXT_WITHOUT_NUL },
});

const env: StructuralSchema = {
  type: 'array',
  description: 'Variables of the environment. HOME is /workspace unless it is set here.',
  maxItems: 64,
  'x-kubernetes-list-type': 'map',
  'x-kubernetes-list-map-keys': ['name'],
  items: {
    type: 'object',
    required: ['name'],
    properties: {
      name: { type: 'string', description: 'Name of the variable.', maxLength: 64, pattern: ENV_NAME },
      value: {
        type: 'string',
        description: 'Literal value. It is recorded in the event log, so it must not be a secret.',
        maxLength: 4096,
        pattern: TEXT_WITHOUT_NUL,
      },
      valueFrom: {
        type: 'object',
        description: 'Where the value comes from.',
        required: ['secretKeyRef'],
        properties: {
          secretKeyRef: {
            type: 'object',
            description: 'An entry of a Secret in the namespace of the Agent.',
            required: ['name', 'key'],
            properties: {
              name: {
                type: 'string',
                description: 'Name of the Secret.',
                maxLength: 253,
                pattern: DNS_SUBDOMAIN,
              },
              key: { type: 'string', description: 'Key of the entry.', maxLength: 253, pattern: SECRET_KEY },
            },
          },
        },
      },
    },
    'x-kubernetes-validations': [
      { rule: 'has(self.value) != has(self.valueFrom)', message: 'give exactly one of value and valueFrom' },
      {
        rule: `!has(self.value) || size(self.value) == 0 || !self.name.matches('(?i)${CREDENTIAL_NAME}')`,
        message: 'a variable of this name holds a secret: use valueFrom.secretKeyRef',
      },
    ],
  },
};

const lifecycle: StructuralSchema = {
  type: 'object',
  description: 'Whether the computer runs, and for how long.',
  default: {},
  properties: {
    state: {
      type: 'string',
      description: 'Suspended stops the computer and keeps its workspace.',
      enum: ['Running', 'Suspended'],
      default: 'Running',
    },
    ttl: {
      type: 'string',
      description:
        'Time after the creation of the Agent when the computer is stopped for good, such as 8h or 7d; absent for no limit. The workspace stays until the Agent is deleted.',
      maxLength: 6,
      pattern: DURATION,
    },
  },
};

/** Schema of `spec`. */
export const specSchema: StructuralSchema = {
  type: 'object',
  description: 'The computer that an AI agent gets.',
  required: ['image'],
  properties: {
    role: {
      type: 'string',
      description:
        "sandbox: an idle computer that commands are run in; without `command` it needs /bin/sh in the image. service: the image's own entry point.",
      enum: ['sandbox', 'service'],
      default: 'sandbox',
    },
    image: {
      type: 'string',
      description: 'Container image, such as python:3.11-slim; best pinned by digest.',
      minLength: 1,
      maxLength: 512,
      pattern: IMAGE,
    },
    command: words("Command that runs instead of the role's; not in a shell."),
    args: words('Arguments of the command. A sandbox takes them only together with `command`.'),
    env,
    resources: {
      type: 'object',
      description: 'What the computer is given and may use at most.',
      properties: {
        requests: amounts('Reserved for the computer; at most the limits.'),
        limits: amounts('What the computer may use at most.'),
      },
    },
    workspace: workspaceSchema,
    network: networkSchema,
    isolation: isolationSchema,
    lifecycle,
    universe: {
      type: 'string',
      description:
        'The Universe that the namespace belongs to. It confirms, it does not choose: an Agent that names another one is refused.',
      minLength: 1,
      maxLength: 253,
      pattern: DNS_SUBDOMAIN,
    },
  },
  'x-kubernetes-validations': [
    {
      rule: "!has(self.args) || has(self.command) || self.role == 'service'",
      message: 'args of a sandbox need a command',
    },
  ],
};
