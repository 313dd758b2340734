import { conditionsSchema, lastEventSchema, number, text } from './common-status.js';
import type { StructuralSchema } from './structural-schema.js';

/** Schema of `status`. Written by the operator alone. */
export const statusSchema: StructuralSchema = {
  type: 'object',
  description: 'How the computer is doing.',
  properties: {
    observedGeneration: number('Generation of the Agent that this status is about.'),
    phase: {
      type: 'string',
      description: 'The conditions in one word.',
      enum: ['Pending', 'Running', 'Degraded', 'Stopping', 'Suspended', 'Expired', 'Refused'],
    },
    podName: text('Pod that the computer runs in; absent while it does not.'),
    workspace: {
      type: 'object',
      description: 'The volume behind /workspace.',
      properties: {
        claimName: text('Its PersistentVolumeClaim.'),
        size: text('Size that is asked for.'),
      },
    },
    containment: {
      type: 'object',
      description: 'How the running computer is contained in fact; the log has all of it.',
      properties: {
        imageID: text('Image as the node has pulled it.'),
        runtimeClassName: text('RuntimeClass of the pod; absent for the default one of the node.'),
        serviceAccountToken: {
          type: 'boolean',
          description: 'Whether a token of the service account is in the pod.',
        },
        networkPolicies: {
          type: 'array',
          description: 'NetworkPolicies that select the pod, of whomever.',
          'x-kubernetes-list-type': 'atomic',
          items: { type: 'string' },
        },
      },
    },
    expiresAt: { type: 'string', format: 'date-time', description: 'When the computer is stopped for good.' },
    limitations: {
      type: 'array',
      description: 'What is simulated or not enforced where the computer runs.',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['type'],
      items: {
        type: 'object',
        required: ['type', 'message'],
        properties: {
          type: text('Condition of the pod that says so.'),
          message: text('What it means.'),
        },
      },
    },
    lastEvent: {
      ...lastEventSchema('Agent'),
      description: 'The newest event of this Agent in the log, other than those of its health.',
    },
    conditions: conditionsSchema(
      'Agent',
      'Ready, Progressing, Degraded, Suspended; Contained while the computer runs; DriftContested while somebody keeps changing children back.',
    ),
  },
};
