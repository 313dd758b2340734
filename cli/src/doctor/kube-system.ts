import type { ObjectKey, ResourceType } from '@rynxs/kernel';

export const NAMESPACES: ResourceType = {
  group: '',
  version: 'v1',
  kind: 'Namespace',
  plural: 'namespaces',
  namespaced: false,
};

/** The namespace whose uid is the identity of a cluster. */
export const KUBE_SYSTEM: ObjectKey = { name: 'kube-system' };
