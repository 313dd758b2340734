import type { ResourceCache, ResourceType } from '../contracts/cluster.js';
import type { Decision } from '../contracts/reconciler.js';
import { actionChild } from './decision.js';
import { NOT_OWNED } from './execute.js';
import { isOwnedBy } from './ownership.js';
import type { Aggregate } from './projection.js';

/** Whether something has happened to the object since the last action failed, to itself or to what it depends on. */
export function hasNews({ lastType, lastEvent, affectedBy = 0 }: Aggregate): boolean {
  return lastType !== 'ActionFailed' || affectedBy > lastEvent.seq;
}

/** Whether what failed because of an object of somebody else would fail again: that object is still there. */
export function isObstructed(
  { actions }: Decision,
  aggregate: Aggregate,
  cacheOf: (type: ResourceType) => ResourceCache,
): boolean {
  if (hasNews(aggregate)) return false;
  const { reconciler, state, observed } = aggregate;
  const children = reconciler.children(state);
  return actions.some((action) => {
    if (children[actionChild(action)]?.failure?.reason !== NOT_OWNED) return false;
    const live = cacheOf(action.resource).get(action.key);
    return live !== undefined && !isOwnedBy(live, observed?.uid ?? '');
  });
}
