import type { ResourceType } from '@rynxs/kernel';

const core = (kind: string, plural: string): ResourceType => ({
  group: '',
  version: 'v1',
  kind,
  plural,
  namespaced: true,
});

export const CONFIG_MAP = core('ConfigMap', 'configmaps');
export const PERSISTENT_VOLUME_CLAIM = core('PersistentVolumeClaim', 'persistentvolumeclaims');
export const POD = core('Pod', 'pods');
export const NETWORK_POLICY: ResourceType = {
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'NetworkPolicy',
  plural: 'networkpolicies',
  namespaced: true,
};
export const DEPLOYMENT: ResourceType = {
  group: 'apps',
  version: 'v1',
  kind: 'Deployment',
  plural: 'deployments',
  namespaced: true,
};

/** Types of the children of an Agent, in the order in which they are made: the policy is there before the pod. */
export const AGENT_CHILDREN: readonly ResourceType[] = [
  CONFIG_MAP,
  PERSISTENT_VOLUME_CLAIM,
  NETWORK_POLICY,
  DEPLOYMENT,
];
