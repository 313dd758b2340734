import { chmodSync, mkdirSync } from 'node:fs';
import type { ApiClient } from '../api-client.js';
import { NODE_NAME } from './components.js';
import type { Machine } from './machine.js';

const STORAGE_CLASS = 'local';
const CAPACITY = '100Gi';

/** The class of volumes that is taken where none is named. */
export async function makeStorageClass(api: ApiClient): Promise<void> {
  await api.must('POST', '/apis/storage.k8s.io/v1/storageclasses', {
    metadata: {
      name: STORAGE_CLASS,
      annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' },
    },
    provisioner: 'kubernetes.io/no-provisioner',
    volumeBindingMode: 'WaitForFirstConsumer',
  });
}

/**
 * Makes directories of the node's disk into volumes that claims can be bound to, each once: nobody cleans a volume when
 * its claim is gone. Their numbers begin with `first`.
 */
export async function makeVolumes(
  machine: Machine,
  api: ApiClient,
  first: number,
  count: number,
): Promise<void> {
  for (let number = first; number < first + count; number += 1) {
    const name = `volume-${number}`;
    mkdirSync(machine.var(`volumes/${name}`), { recursive: true });
    chmodSync(machine.var(`volumes/${name}`), 0o755);
    await api.must('POST', '/api/v1/persistentvolumes', {
      metadata: { name },
      spec: {
        storageClassName: STORAGE_CLASS,
        capacity: { storage: CAPACITY },
        accessModes: ['ReadWriteOnce'],
        persistentVolumeReclaimPolicy: 'Retain',
        local: { path: `/var/volumes/${name}` },
        nodeAffinity: {
          required: {
            nodeSelectorTerms: [
              {
                matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: [NODE_NAME] }],
              },
            ],
          },
        },
      },
    });
  }
}
