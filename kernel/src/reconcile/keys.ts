import type { ObjectKey } from '../contracts/cluster.js';

/** The key of an object in a work queue: `default/my-agent`; cluster-scoped objects have an empty namespace. */
export function queueKey(metadata: { readonly namespace?: string; readonly name: string }): string {
  return `${metadata.namespace ?? ''}/${metadata.name}`;
}

/** `agents/default/my-agent`: the aggregate id of an object of the type with this plural. */
export function aggregateId(plural: string, key: ObjectKey): string {
  return `${plural}/${queueKey(key)}`;
}

/** The queue key in an aggregate id. */
export function queueKeyOf(id: string): string {
  return id.slice(id.indexOf('/') + 1);
}

/** The object that a queue key names. */
export function objectKey(key: string): ObjectKey {
  const slash = key.indexOf('/');
  const name = key.slice(slash + 1);
  return slash === 0 ? { name } : { namespace: key.slice(0, slash), name };
}
