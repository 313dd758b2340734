import type { ResourceType } from '@rynxs/kernel';

/** Built-in kinds that manifests may hold besides those of the reconcilers. */
export const BUILT_IN_KINDS: readonly ResourceType[] = [
  core('Namespace', 'namespaces', false),
  core('ConfigMap', 'configmaps'),
  core('Secret', 'secrets'),
  core('PersistentVolumeClaim', 'persistentvolumeclaims'),
  {
    group: 'networking.k8s.io',
    version: 'v1',
    kind: 'NetworkPolicy',
    plural: 'networkpolicies',
    namespaced: true,
  },
  { group: 'apps', version: 'v1', kind: 'Deployment', plural: 'deployments', namespaced: true },
];

export const DEFINITIONS: ResourceType = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  kind: 'CustomResourceDefinition',
  plural: 'customresourcedefinitions',
  namespaced: false,
};

function core(kind: string, plural: string, namespaced = true): ResourceType {
  return { group: '', version: 'v1', kind, plural, namespaced };
}
