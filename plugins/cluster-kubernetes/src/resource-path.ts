import { ClusterError, type ObjectKey, type ResourceType } from '@rynxs/kernel';

/** `apps/v1`, or `v1` for core. */
export function apiVersionOf(resource: ResourceType): string {
  return resource.group === '' ? resource.version : `${resource.group}/${resource.version}`;
}

/** `deployments.apps`, or `pods` for core: as in RBAC rules and kubectl. */
export function resourceName(resource: ResourceType): string {
  return resource.group === '' ? resource.plural : `${resource.plural}.${resource.group}`;
}

/** `namespace/name`, or the name of a cluster-scoped object. */
export function objectName(key: ObjectKey): string {
  return key.namespace === undefined ? key.name : `${key.namespace}/${key.name}`;
}

/** URL path of a collection; all namespaces when `namespace` is undefined. */
export function collectionPath(resource: ResourceType, namespace: string | undefined): string {
  const api = resource.group === '' ? '/api' : `/apis/${encodeURIComponent(resource.group)}`;
  const base = `${api}/${encodeURIComponent(resource.version)}`;
  const plural = encodeURIComponent(resource.plural);
  if (!resource.namespaced || namespace === undefined) return `${base}/${plural}`;
  return `${base}/namespaces/${segment(namespace, 'namespace', resource)}/${plural}`;
}

/** URL path of the collection that an object of this key is created in. */
export function parentPath(resource: ResourceType, key: ObjectKey): string {
  if (resource.namespaced && key.namespace === undefined) {
    throw new ClusterError('invalid', `${resourceName(resource)} ${key.name} has no namespace`);
  }
  return collectionPath(resource, key.namespace);
}

/** URL path of an object. */
export function objectPath(resource: ResourceType, key: ObjectKey): string {
  return `${parentPath(resource, key)}/${segment(key.name, 'name', resource)}`;
}

/** An empty or dotted segment would name another resource than the one that is meant: the whole collection, say. */
function segment(text: string, what: string, resource: ResourceType): string {
  if (text === '' || text === '.' || text === '..' || text.includes('/')) {
    throw new ClusterError('invalid', `${JSON.stringify(text)} is no ${what} of ${resourceName(resource)}`);
  }
  return encodeURIComponent(text);
}
