import type { KubernetesObject } from '@rynxs/kernel';
import type { JsonMap } from '@rynxs/log';
import { manifestsOf } from '../manifests/manifests.js';
import { AGENT_LABEL } from '../manifests/metadata.js';
import { DEPLOYMENT } from '../manifests/resource-types.js';
import type { Computer } from '../spec.js';

/** Where a pod of a Deployment comes from, as labels and owner references tell. */
export function podMetadata(name = 'my-agent', pod = `${name}-1`): KubernetesObject['metadata'] {
  const hash = '5d4f';
  return {
    name: pod,
    namespace: 'default',
    uid: `${pod}-uid`,
    labels: {
      'app.kubernetes.io/name': 'agent',
      'app.kubernetes.io/instance': name,
      [AGENT_LABEL]: name,
      'pod-template-hash': hash,
    },
    creationTimestamp: '2026-01-01T00:01:00Z',
    ownerReferences: [
      { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: `${name}-${hash}`, uid: 'set', controller: true },
    ],
  };
}

/** A pod as the API server admits it for a computer, without what is null, which is what the kubelet runs. */
export function admittedPod(computer: Computer, status: JsonMap = {}): KubernetesObject {
  const deployment = manifestsOf(computer).find(({ resource }) => resource === DEPLOYMENT);
  if (deployment === undefined) throw new Error('a computer has a Deployment');
  const { template } = deployment.object.spec as { template: { spec: JsonMap } };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: podMetadata(computer.name),
    spec: JSON.parse(JSON.stringify(template.spec), (_, value) => value ?? undefined),
    status: {
      phase: 'Running',
      conditions: [{ type: 'Ready', status: 'True' }],
      containerStatuses: [
        { name: 'agent', ready: true, restartCount: 0, imageID: 'registry/python@sha256:1' },
      ],
      ...status,
    },
  };
}
