import type { Manifest } from '@rynxs/kernel';
import type { Computer, OwnWorkspace } from '../spec.js';
import { childMetadata, retainedMetadata } from './metadata.js';
import { PERSISTENT_VOLUME_CLAIM } from './resource-types.js';

/** The claim of the volume that /workspace is, where the Agent makes it. */
export function workspaceClaim(computer: Computer, workspace: OwnWorkspace): Manifest {
  const { size, storageClassName, accessModes, isRetained } = workspace;
  return {
    resource: PERSISTENT_VOLUME_CLAIM,
    object: {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: isRetained ? retainedMetadata(computer) : childMetadata(computer),
      spec: {
        accessModes,
        resources: { requests: { storage: size } },
        ...(storageClassName === undefined ? {} : { storageClassName }),
      },
    },
  };
}
