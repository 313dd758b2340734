import type { ObjectKey } from '../contracts/cluster.js';

/** The key of an object in a work queue: `default/my-agent`; cluster-scoped objects have an empty namespace. */
export function queueKey(metadata: { readonly namespace?: string; readonly name: string }): string {
  return `${metadata.namespace ?? ''}/${metadata.name}`;
}

/** `agents/default/my-agent`, `universes/research`: the aggregate id of an object of the type with this plural. */
export function aggregateId(plural: string, { namespace, name }: ObjectKey): string {
  return namespace === undefined ? `${plural}/${name}` : `${plural}/${namespace}/${name}`;
}

/** The queue key in an aggregate id. */
export function queueKeyOf(id: string): string {
  const key = id.slice(id.indexOf('/') + 1);
  return key.includes('/') ? key : `/${key}`;
}

/** The object that a queue key names. */
export function objectKey(key: string): ObjectKey {
  const slash = key.indexOf('/');
  const name = key.slice(slash + 1);
  return slash === 0 ? { name } : { namespace: key.slice(0, slash), name };
}
