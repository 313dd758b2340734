import type { Clock } from '../contracts/clock.js';
import type { KubernetesObject, ResourceCache, ResourceType } from '../contracts/cluster.js';
import type { LiveView, Reconciler } from '../contracts/reconciler.js';
import { INSTANCE_LABEL } from './ownership.js';
import type { Aggregate } from './projection.js';
import type { RepeatBackoff } from './repeat-backoff.js';
import type { SurroundingsIndex } from './surroundings.js';

export interface LiveViewContext {
  readonly reconciler: Reconciler;
  readonly clock: Clock;
  readonly driftBackoff: RepeatBackoff;
  readonly surroundings: SurroundingsIndex;
  cacheOf(type: ResourceType): ResourceCache;
}

/** The cluster as it is now, as far as it concerns the object. */
export function liveView(
  object: KubernetesObject,
  { id, lastEvent }: Pick<Aggregate, 'id' | 'lastEvent'>,
  context: LiveViewContext,
): LiveView {
  const { reconciler, clock, driftBackoff, surroundings } = context;
  const { uid = '', name, namespace } = object.metadata;
  const owned = reconciler.owns.flatMap((resource) =>
    context
      .cacheOf(resource)
      .ownedBy(uid)
      .map((child) => ({ resource, object: child })),
  );
  const watched = (reconciler.watches ?? []).flatMap((resource) =>
    context
      .cacheOf(resource)
      .withLabel(INSTANCE_LABEL, name)
      .filter((child) => child.metadata.namespace === namespace)
      .map((child) => ({ resource, object: child })),
  );
  const around = surroundings.around({ namespace, name }).flatMap(({ resource, key }) => {
    const neighbour = context.cacheOf(resource).get(key);
    return neighbour === undefined ? [] : [{ resource, object: neighbour }];
  });
  return {
    object,
    children: [...owned, ...watched],
    surroundings: around,
    lastEvent,
    contested: driftBackoff.contested(id),
    now: new Date(clock.now()).toISOString().replace(/\.\d+Z$/, 'Z'),
  };
}
