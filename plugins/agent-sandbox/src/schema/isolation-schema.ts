import { APP_ARMOR_PROFILE, DNS_SUBDOMAIN, SECCOMP_PROFILE } from './patterns.js';
import type { StructuralSchema } from './structural-schema.js';

/** Schema of `spec.isolation`. */
export const isolationSchema: StructuralSchema = {
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
    userNamespace: {
      type: 'boolean',
      description:
        'The pod gets a user namespace of its own, so that its users are nobody on the node. Needs nodes that can do it.',
      default: false,
    },
    seccompProfile: {
      type: 'string',
      description:
        "Seccomp profile on the node, below the kubelet's directory of profiles; absent for the container runtime's default one.",
      minLength: 1,
      maxLength: 253,
      pattern: SECCOMP_PROFILE,
    },
    appArmorProfile: {
      type: 'string',
      description:
        "AppArmor profile that is loaded on the node; absent for the container runtime's default one, where the node has AppArmor.",
      minLength: 1,
      maxLength: 253,
      pattern: APP_ARMOR_PROFILE,
    },
  },
};
