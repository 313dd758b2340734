import type { Manifest, ObjectMeta } from '@rynxs/kernel';
import type { Computer } from '../spec.js';
import { PERSISTENT_VOLUME_CLAIM } from './resource-types.js';

/** The claim of the volume that /workspace is. */
export function workspaceClaim({ workspace }: Computer, metadata: ObjectMeta): Manifest {
  const { size, storageClassName, accessModes } = workspace;
  return {
    resource: PERSISTENT_VOLUME_CLAIM,
    object: {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata,
      spec: {
        accessModes,
        resources: { requests: { storage: size } },
        ...(storageClassName === undefined ? {} : { storageClassName }),
      },
    },
  };
}
