import {
  type Cluster,
  ClusterError,
  type KubernetesObject,
  type ResourceType,
} from '../contracts/cluster.js';
import { manifestDigest } from './children.js';
import type { ActionUnconfirmed } from './events.js';
import { differingPaths } from './owned-fields.js';
import { isOwnedBy } from './ownership.js';
import type { Aggregate, PendingAction } from './projection.js';

/**
 * Looks at what decisions without an outcome left behind, with fresh reads, and returns the payloads of
 * `ActionUnconfirmed`. Rejects with ClusterError when the cluster cannot be asked.
 */
export async function confirmPending(
  aggregate: Aggregate,
  cluster: Cluster,
  signal: AbortSignal,
  timeoutMs: number,
): Promise<readonly ActionUnconfirmed[]> {
  const found: ActionUnconfirmed[] = [];
  for (const pending of aggregate.pending) {
    const { decided, decision, action } = pending;
    const resource = aggregate.reconciler.owns.find((type) => type.kind === decided.kind);
    const live =
      resource === undefined ? undefined : await read(cluster, resource, pending, signal, timeoutMs);
    const verdict = judge(aggregate, pending, live);
    const uid = verdict === 'absent' || verdict === 'foreign' ? null : (live?.metadata.uid ?? null);
    found.push({ v: 1, decision, action, child: decided.child, verb: decided.verb, found: verdict, uid });
  }
  return found;
}

function judge(
  aggregate: Aggregate,
  { decided }: PendingAction,
  live: KubernetesObject | undefined,
): ActionUnconfirmed['found'] {
  if (live === undefined) return 'absent';
  const { reconciler, state, observed } = aggregate;
  // A child whose owner somebody took out is a child all the same: it is known by its uid.
  const isKnown = live.metadata.uid === reconciler.children(state)[decided.child]?.uid;
  if (!isKnown && !isOwnedBy(live, observed?.uid ?? '')) return 'foreign';
  const manifest = reconciler.manifests(state).find((wanted) => manifestDigest(wanted) === decided.digest);
  if (manifest === undefined) return 'different';
  return differingPaths(manifest.object, live).length === 0 ? 'as_decided' : 'different';
}

async function read(
  cluster: Cluster,
  resource: ResourceType,
  { decided }: PendingAction,
  signal: AbortSignal,
  timeoutMs: number,
): Promise<KubernetesObject | undefined> {
  const { name, namespace } = decided;
  try {
    return await cluster.get(resource, namespace === null ? { name } : { namespace, name }, {
      signal,
      timeoutMs,
    });
  } catch (error) {
    if (error instanceof ClusterError && error.reason === 'missing') return undefined;
    throw error;
  }
}
