import { CREDENTIAL_NAME } from './credentials.js';
import {
  BYTES,
  CIDR,
  CPU,
  DNS_SUBDOMAIN,
  DURATION,
  ENV_NAME,
  IMAGE,
  SECRET_KEY,
  TEXT_WITHOUT_NUL,
} from './patterns.js';
import type { StructuralSchema } from './structural-schema.js';

/**
 * The schema of an Agent's spec. Whatever it accepts is enforced; a field that nothing enforces does not exist. Rules
 * that it cannot say are CEL rules beside it, and `accept-spec.ts` repeats each of them.
 */

const amount = (pattern: string, description: string): StructuralSchema => ({
  description,
  anyOf: [{ type: 'integer' }, { type: 'string' }],
  'x-kubernetes-int-or-string': true,
  maxLength: 24,
  pattern,
});

const amounts = (description: string): StructuralSchema => ({
  type: 'object',
  description,
  properties: {
    cpu: amount(CPU, 'Cores, such as 2, 0.5 or 500m.'),
    memory: amount(BYTES, 'Bytes, such as 512Mi or 4Gi.'),
    'ephemeral-storage': amount(BYTES, 'Bytes of /tmp, logs and the writable layer together, such as 1Gi.'),
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

const workspace: StructuralSchema = {
  type: 'object',
  description:
    'The directory /workspace, which lasts as long as the Agent: through restarts, new images and suspension.',
  default: {},
  properties: {
    size: amount(
      BYTES,
      'Bytes, such as 10Gi. The default is a setting of the operator, 1Gi unless changed. It can grow, not shrink.',
    ),
    storageClassName: {
      type: 'string',
      description:
        'StorageClass of the volume; absent for the default one of the cluster. Cannot be changed.',
      minLength: 1,
      maxLength: 253,
      pattern: DNS_SUBDOMAIN,
    },
    accessModes: {
      type: 'array',
      description: 'Access modes of the volume. Cannot be changed.',
      default: ['ReadWriteOnce'],
      minItems: 1,
      maxItems: 3,
      'x-kubernetes-list-type': 'set',
      items: { type: 'string', enum: ['ReadWriteOnce', 'ReadWriteOncePod', 'ReadWriteMany'] },
    },
  },
  'x-kubernetes-validations': [
    {
      rule: 'has(self.storageClassName) == has(oldSelf.storageClassName) && (!has(self.storageClassName) || self.storageClassName == oldSelf.storageClassName)',
      message: 'storageClassName cannot be changed; make another Agent and move the files',
    },
    {
      rule: 'self.accessModes == oldSelf.accessModes',
      message: 'accessModes cannot be changed; make another Agent and move the files',
    },
  ],
};

const network: StructuralSchema = {
  type: 'object',
  description: 'What the computer may talk to. Nobody may open a connection to it.',
  default: {},
  properties: {
    egress: {
      type: 'object',
      description: 'Connections that the computer may open; none unless they are listed.',
      default: {},
      properties: {
        dns: {
          type: 'boolean',
          description:
            "Names may be looked up at the cluster's DNS (kube-system, k8s-app=kube-dns), UDP and TCP 53.",
          default: false,
        },
        cidrs: {
          type: 'array',
          description: 'Networks that may be reached.',
          maxItems: 32,
          'x-kubernetes-list-type': 'atomic',
          items: {
            type: 'object',
            required: ['cidr', 'ports'],
            properties: {
              cidr: {
                type: 'string',
                description: 'Network such as 203.0.113.0/24.',
                maxLength: 43,
                pattern: CIDR,
              },
              ports: {
                type: 'array',
                description: 'Ports that may be reached there.',
                minItems: 1,
                maxItems: 16,
                'x-kubernetes-list-type': 'atomic',
                items: {
                  type: 'object',
                  required: ['port'],
                  properties: {
                    protocol: {
                      type: 'string',
                      description: 'Transport protocol.',
                      enum: ['TCP', 'UDP', 'SCTP'],
                      default: 'TCP',
                    },
                    port: {
                      type: 'integer',
                      description: 'Port number.',
                      format: 'int32',
                      minimum: 1,
                      maximum: 65_535,
                    },
                  },
                },
              },
            },
          },
        },
      },
    },
  },
};

const isolation: StructuralSchema = {
  type: 'object',
  description: 'How the computer is kept apart from others.',
  default: {},
  properties: {
    runtimeClassName: {
      type: 'string',
      description: 'RuntimeClass of the pod, such as gvisor or kata; absent for the default one of the node.',
      minLength: 1,
      maxLength: 253,
      pattern: DNS_SUBDOMAIN,
    },
    user: {
      type: 'integer',
      description: 'User and group id of all processes. Never 0.',
      format: 'int64',
      default: 65_532,
      minimum: 1,
      maximum: 2_147_483_647,
    },
    readOnlyRootFilesystem: {
      type: 'boolean',
      description: 'Only /workspace and /tmp can be written to.',
      default: true,
    },
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
    workspace,
    network,
    isolation,
    lifecycle,
  },
  'x-kubernetes-validations': [
    {
      rule: "!has(self.args) || has(self.command) || self.role == 'service'",
      message: 'args of a sandbox need a command',
    },
  ],
};
