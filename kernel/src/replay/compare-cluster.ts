import { type Cluster, ClusterError, type KubernetesObject } from '../contracts/cluster.js';
import { childKey } from '../reconcile/children.js';
import { objectKey, queueKeyOf } from '../reconcile/keys.js';
import { differingPaths } from '../reconcile/owned-fields.js';
import type { Projection } from '../reconcile/projection.js';

/** Something in the cluster that is not as the log says. */
export interface ClusterDifference {
  readonly aggregateId: string;
  /** `Deployment/my-agent`; undefined for the object itself. */
  readonly child: string | undefined;
  readonly what: 'missing' | 'differs';
  /** JSON pointers of the fields that differ. */
  readonly paths: readonly string[];
}

export interface ClusterComparison {
  /** Objects and children that were compared. */
  readonly compared: number;
  readonly differences: readonly ClusterDifference[];
}

const TIMEOUT_MS = 10_000;

/** Compares the state that a log leads to with what exists. Throws ClusterError when the cluster cannot be asked. */
export async function compareCluster(
  projection: Projection,
  cluster: Cluster,
  signal: AbortSignal,
): Promise<ClusterComparison> {
  const differences: ClusterDifference[] = [];
  let compared = 0;
  const get = async (
    ...[resource, key]: Parameters<Cluster['get']>
  ): Promise<KubernetesObject | undefined> => {
    compared += 1;
    try {
      return await cluster.get(resource, key, { signal, timeoutMs: TIMEOUT_MS });
    } catch (error) {
      if (error instanceof ClusterError && error.reason === 'missing') return undefined;
      throw error;
    }
  };
  const options = { signal };
  for (const { id, reconciler, state, observed } of projection.aggregates()) {
    const object = await get(reconciler.resource, objectKey(queueKeyOf(id)), options);
    if (object === undefined || object.metadata.uid !== observed?.uid) {
      differences.push({ aggregateId: id, child: undefined, what: 'missing', paths: [] });
      continue;
    }
    for (const { resource, object: desired } of reconciler.manifests(state)) {
      const { name, namespace } = desired.metadata;
      const child = childKey(resource, name);
      const live = await get(resource, namespace === undefined ? { name } : { namespace, name }, options);
      if (live === undefined) {
        differences.push({ aggregateId: id, child, what: 'missing', paths: [] });
        continue;
      }
      const paths = differingPaths(desired, live);
      if (paths.length > 0) differences.push({ aggregateId: id, child, what: 'differs', paths });
    }
  }
  return { compared, differences };
}
