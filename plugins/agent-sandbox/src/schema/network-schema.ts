import { CIDR, DNS_LABEL } from './patterns.js';
import { portSchema, protocolSchema } from './port-schema.js';
import type { StructuralSchema } from './structural-schema.js';

const ports = (description: string): StructuralSchema => ({
  type: 'array',
  description,
  minItems: 1,
  maxItems: 16,
  'x-kubernetes-list-type': 'atomic',
  items: {
    type: 'object',
    required: ['port'],
    properties: {
      protocol: protocolSchema,
      port: portSchema('Port number.'),
    },
  },
});

const label = (description: string): StructuralSchema => ({
  type: 'string',
  description,
  minLength: 1,
  maxLength: 63,
  pattern: DNS_LABEL,
});

const agents = (description: string, portsDescription: string): StructuralSchema => ({
  type: 'array',
  description,
  maxItems: 32,
  'x-kubernetes-list-type': 'atomic',
  items: {
    type: 'object',
    required: ['ports'],
    properties: {
      name: label('Name of the Agent.'),
      group: label('Group whose Agents are meant, by their network.groups.'),
      ports: ports(portsDescription),
    },
    'x-kubernetes-validations': [
      { rule: 'has(self.name) != has(self.group)', message: 'give exactly one of name and group' },
    ],
  },
});

const cidrs: StructuralSchema = {
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
      ports: ports('Ports that may be reached there.'),
    },
  },
};

/** Schema of `spec.network`. */
export const networkSchema: StructuralSchema = {
  type: 'object',
  description: 'What the computer may talk to, and who may talk to it.',
  default: {},
  properties: {
    groups: {
      type: 'array',
      description: 'Groups that the computer belongs to, for the rules of other Agents of the namespace.',
      maxItems: 8,
      'x-kubernetes-list-type': 'set',
      items: { type: 'string', minLength: 1, maxLength: 63, pattern: DNS_LABEL },
    },
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
        cidrs,
        agents: agents(
          'Other Agents of the namespace that may be reached; their ingress has to allow it too.',
          'Ports that may be reached there.',
        ),
      },
    },
    ingress: {
      type: 'object',
      description: 'Connections that others may open to the computer; none unless they are listed.',
      default: {},
      properties: {
        agents: agents(
          'Other Agents of the namespace that may connect; their egress has to allow it too.',
          'Ports of this computer that they may connect to.',
        ),
      },
    },
  },
};
