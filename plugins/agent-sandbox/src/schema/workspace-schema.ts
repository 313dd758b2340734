import { bytesAmount } from './amount-schema.js';
import { DNS_SUBDOMAIN } from './patterns.js';
import type { StructuralSchema } from './structural-schema.js';

/** Access modes of a workspace that gives none. */
export const DEFAULT_ACCESS_MODES = ['ReadWriteOnce'] as const;

const accessModes = (owner: string) =>
  `(has(${owner}.accessModes) ? ${owner}.accessModes : ${JSON.stringify(DEFAULT_ACCESS_MODES)})`;

const isKept = (field: string) =>
  `has(self.${field}) == has(oldSelf.${field}) && (!has(self.${field}) || self.${field} == oldSelf.${field})`;

/** Schema of `spec.workspace`. What it has no default for depends on whether the volume is the Agent's own. */
export const workspaceSchema: StructuralSchema = {
  type: 'object',
  description:
    'The directory /workspace, which lasts as long as the Agent or longer: through restarts, new images and suspension.',
  default: {},
  properties: {
    size: bytesAmount(
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
      description: 'Access modes of the volume, ReadWriteOnce unless given. Cannot be changed.',
      minItems: 1,
      maxItems: 3,
      'x-kubernetes-list-type': 'set',
      items: { type: 'string', enum: ['ReadWriteOnce', 'ReadWriteOncePod', 'ReadWriteMany'] },
    },
    retain: {
      type: 'string',
      description:
        'What becomes of the PersistentVolumeClaim when the Agent is deleted: Delete unless given. A retained one can be used again by existingClaim.',
      enum: ['Retain', 'Delete'],
    },
    existingClaim: {
      type: 'string',
      description:
        "A PersistentVolumeClaim to use as it is, in the Agent's namespace. It must carry the label universe.ai/agent with the Agent's name. It is never changed or deleted. Cannot be changed.",
      minLength: 1,
      maxLength: 253,
      pattern: DNS_SUBDOMAIN,
    },
  },
  'x-kubernetes-validations': [
    {
      rule: isKept('storageClassName'),
      message: 'storageClassName cannot be changed; make another Agent and move the files',
    },
    {
      rule: `${accessModes('self')} == ${accessModes('oldSelf')}`,
      message: 'accessModes cannot be changed; make another Agent and move the files',
    },
    {
      rule: isKept('existingClaim'),
      message: 'existingClaim cannot be changed; make another Agent',
    },
    {
      rule: '!has(self.existingClaim) || !(has(self.size) || has(self.storageClassName) || has(self.accessModes) || has(self.retain))',
      message: 'an existingClaim is used as it is: leave out size, storageClassName, accessModes and retain',
    },
  ],
};
