import { createHmac } from 'node:crypto';
import { isSameJson } from '@rynxs/log';
import type { ChildKey } from '../contracts/children.js';
import type { KubernetesObject, ResourceCache, ResourceType } from '../contracts/cluster.js';
import type { Manifest } from '../contracts/reconciler.js';
import { childKey, manifestDigest } from './children.js';
import type { DriftObserved, ObjectObserved } from './events.js';
import { differingPaths, valuesAt } from './owned-fields.js';
import { isOwnedBy } from './ownership.js';
import type { Aggregate } from './projection.js';

/**
 * The payload of `<Kind>Observed` when the object is not as it was recorded; undefined when nothing is new. `isSpecKnown`:
 * the whole spec is as it was when it was observed before. The generation does not say so: a server that was set back gives
 * the same ones a second time.
 */
export function observeObject(
  aggregate: Pick<Aggregate, 'observed'> | undefined,
  object: KubernetesObject,
  observe: (object: KubernetesObject) => ObjectObserved['spec'],
  isSpecKnown: boolean,
): ObjectObserved | undefined {
  const { uid = '', generation = 0 } = object.metadata;
  const recorded = aggregate?.observed;
  if (isSpecKnown && recorded?.uid === uid && recorded.generation === generation) return undefined;
  const spec = observe(object);
  if (recorded?.uid === uid && isSameJson(recorded.spec, spec)) return undefined;
  const changed = lastSpecChange(object);
  return {
    v: 1,
    uid,
    generation,
    spec,
    manager: changed?.manager ?? null,
    managed_at: changed?.time ?? null,
  };
}

interface FieldManager {
  readonly manager?: string;
  readonly time?: string;
  readonly subresource?: string;
}

function lastSpecChange(object: KubernetesObject): FieldManager | undefined {
  let last: FieldManager | undefined;
  for (const entry of (object.metadata.managedFields ?? []) as readonly FieldManager[]) {
    if (entry.subresource !== undefined) continue;
    if (last === undefined || (entry.time ?? '') >= (last.time ?? '')) last = entry;
  }
  return last;
}

export interface DriftContext {
  readonly ownerUid: string;
  readonly cacheOf: (resource: ResourceType) => ResourceCache;
  /** Key of the digests of observed values; see {@link DriftObserved}. */
  readonly digestKey: string;
}

/** What the log says of a child, as far as drift depends on it. */
export interface ExpectedChild {
  readonly uid?: string;
  readonly digest?: string;
  readonly pending?: unknown;
}

/**
 * Payloads of `DriftObserved` for the children that are not as the log says: missing, replaced, or with owned fields
 * changed. Children that are known to differ already are not reported again.
 */
export function observeDrift(
  manifests: readonly Manifest[],
  children: { readonly [child: ChildKey]: ExpectedChild },
  namespace: string | undefined,
  context: DriftContext,
): readonly DriftObserved[] {
  const drifts: DriftObserved[] = [];
  for (const manifest of manifests) {
    const { name } = manifest.object.metadata;
    const child = childKey(manifest.resource, name);
    const expected = children[child];
    if (expected?.uid === undefined) continue;
    const desired = manifestDigest(manifest);
    const key = namespace === undefined ? { name } : { namespace, name };
    const live = context.cacheOf(manifest.resource).get(key);
    const isOurs = live !== undefined && isOwnedBy(live, context.ownerUid);
    if (live === undefined || (live.metadata.uid !== expected.uid && !isOurs)) {
      drifts.push({ v: 1, child, uid: null, paths: [], digests: { desired, observed: null } });
      continue;
    }
    const isReplaced = live.metadata.uid !== expected.uid;
    if (expected.digest !== desired && !isReplaced) continue;
    const paths = differingPaths(manifest.object, live);
    if (paths.length === 0 && !isReplaced) continue;
    const observed = createHmac('sha256', context.digestKey)
      .update(JSON.stringify(valuesAt(live, paths)))
      .digest('hex');
    drifts.push({ v: 1, child, uid: live.metadata.uid ?? null, paths, digests: { desired, observed } });
  }
  return drifts;
}

/**
 * Payloads of `DriftObserved` for children that nobody wants, that the log knows no uid of, and that are there: the answer
 * to their creation was lost, and before it could be asked for again they were not wanted any more; or a creation was on
 * its way for so long that they had been given up, or deleted, when it arrived.
 */
export function observeLeftovers(
  manifests: readonly Manifest[],
  children: { readonly [child: ChildKey]: ExpectedChild },
  owns: readonly ResourceType[],
  namespace: string | undefined,
  { cacheOf, ownerUid }: Pick<DriftContext, 'cacheOf' | 'ownerUid'>,
): readonly DriftObserved[] {
  const wanted = new Set(manifests.map(({ resource, object }) => childKey(resource, object.metadata.name)));
  const leftovers: DriftObserved[] = [];
  for (const [child, { uid, pending }] of Object.entries(children)) {
    if (uid !== undefined || pending !== undefined || wanted.has(child)) continue;
    const [kind, name] = child.split('/', 2) as [string, string];
    const resource = owns.find((type) => type.kind === kind);
    if (resource === undefined) continue;
    const live = cacheOf(resource).get(namespace === undefined ? { name } : { namespace, name });
    if (live?.metadata.uid === undefined || !isOwnedBy(live, ownerUid)) continue;
    leftovers.push({
      v: 1,
      child,
      uid: live.metadata.uid,
      paths: [],
      digests: { desired: null, observed: null },
    });
  }
  return leftovers;
}
