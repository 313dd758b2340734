import { isDeepStrictEqual } from 'node:util';
import {
  type Cluster,
  ClusterError,
  type KubernetesObject,
  type ObjectKey,
  type ResourceType,
} from '@rynxs/kernel';
import { mergeApplied } from './merge-applied.js';

const MAX_ATTEMPTS = 5;
/** Where `kubectl apply` keeps what was applied last; the same place, so that either can go on from the other. */
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

export type Applied = 'created' | 'configured' | 'unchanged';

/**
 * Does what `kubectl apply` does: creates the object, or gives the fields that `object` has the values that it says,
 * takes away those that it had when it was last applied and has no more, and leaves all others as they are.
 * Throws ClusterError.
 */
export async function applyObject(
  cluster: Cluster,
  resource: ResourceType,
  object: KubernetesObject,
  signal: AbortSignal,
): Promise<Applied> {
  const key = keyOf(resource, object);
  const wanted = { ...object, metadata: { ...object.metadata, ...key } };
  for (let attempt = 1; ; attempt += 1) {
    try {
      const current = await getOrUndefined(cluster, resource, key, signal);
      if (current === undefined) {
        await cluster.create(resource, annotated(wanted, wanted), { signal });
        return 'created';
      }
      const merged = mergeApplied(current, wanted, lastApplied(current));
      if (isDeepStrictEqual(current, merged)) return 'unchanged';
      await cluster.update(resource, annotated(merged as KubernetesObject, wanted), { signal });
      return 'configured';
    } catch (error) {
      // Somebody was faster (the operator writes status all the time): look again.
      const raced =
        error instanceof ClusterError && (error.reason === 'conflict' || error.reason === 'exists');
      if (!raced || attempt === MAX_ATTEMPTS) throw error;
    }
  }
}

/** Where the object lives; `default` when it names no namespace and its kind needs one. */
export function keyOf(resource: ResourceType, { metadata }: KubernetesObject): ObjectKey {
  if (!resource.namespaced) return { name: metadata.name };
  return { namespace: metadata.namespace ?? 'default', name: metadata.name };
}

async function getOrUndefined(
  cluster: Cluster,
  resource: ResourceType,
  key: ObjectKey,
  signal: AbortSignal,
): Promise<KubernetesObject | undefined> {
  try {
    return await cluster.get(resource, key, { signal });
  } catch (error) {
    if (error instanceof ClusterError && error.reason === 'missing') return undefined;
    throw error;
  }
}

function annotated(object: KubernetesObject, applied: KubernetesObject): KubernetesObject {
  const annotations = { ...object.metadata.annotations, [LAST_APPLIED]: `${JSON.stringify(applied)}\n` };
  return { ...object, metadata: { ...object.metadata, annotations } };
}

function lastApplied({ metadata }: KubernetesObject): unknown {
  const text = metadata.annotations?.[LAST_APPLIED];
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    // Somebody edited it. Then nothing is known of the last time, and nothing is taken away.
    return undefined;
  }
}
