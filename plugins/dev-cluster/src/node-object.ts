import { arch, cpus, hostname, release, totalmem } from 'node:os';
import type { KubernetesObject } from '@rynxs/kernel';
import { KUBERNETES_VERSION } from './api/api-server.js';
import { NODES } from './resources/types.js';
import { asJson, asKubernetesObject, cloneJson, type JsonObject, sameJson } from './storage/json.js';
import type { ObjectStorage } from './storage/object-storage.js';

/** Name of the one node. */
export const LOCAL_NODE = 'rynxs-local';

/** Announces the node on which pods run, as its kubelet would, once: nothing here can tell that it stopped but its end. */
export function registerNode(storage: ObjectStorage): KubernetesObject {
  const existing =
    storage.get(NODES, { name: LOCAL_NODE }) ??
    storage.create(
      NODES,
      asKubernetesObject({
        metadata: {
          name: LOCAL_NODE,
          labels: {
            'kubernetes.io/arch': kubernetesArch(),
            'kubernetes.io/hostname': LOCAL_NODE,
            'kubernetes.io/os': process.platform,
          },
        },
      }),
      { fieldManager: 'kubelet' },
    );
  const json = cloneJson(asJson(existing));
  const status = nodeStatus(storage.timestamp());
  const before = json.status as JsonObject | undefined;
  if (sameJson({ ...before, conditions: null }, { ...status, conditions: null })) return existing;
  return storage.updateStatus(NODES, asKubernetesObject({ ...json, status }), { fieldManager: 'kubelet' });
}

function nodeStatus(now: string): JsonObject {
  const capacity = {
    cpu: String(cpus().length),
    memory: `${Math.floor(totalmem() / 1024)}Ki`,
    pods: '110',
  };
  const condition = (type: string, status: string, reason: string, message: string) => ({
    type,
    status,
    reason,
    message,
    lastHeartbeatTime: now,
    lastTransitionTime: now,
  });
  return {
    capacity,
    allocatable: capacity,
    addresses: [
      { type: 'InternalIP', address: '127.0.0.1' },
      { type: 'Hostname', address: hostname() },
    ],
    conditions: [condition('Ready', 'True', 'KubeletReady', 'the local node runs in this process')],
    nodeInfo: {
      architecture: kubernetesArch(),
      bootID: '',
      containerRuntimeVersion: 'rynxs-sandbox://1',
      kernelVersion: release(),
      kubeProxyVersion: '',
      kubeletVersion: `${KUBERNETES_VERSION}+rynxs`,
      machineID: '',
      operatingSystem: process.platform,
      osImage: 'the userland of the host',
      systemUUID: '',
    },
  };
}

function kubernetesArch(): string {
  return arch() === 'x64' ? 'amd64' : arch();
}
