import type { ResourceType } from '../contracts/cluster.js';
import type { Reconciler } from '../contracts/reconciler.js';

/** Every type that a reconciler needs a cache of, once. */
export function typesOf(reconciler: Reconciler): readonly ResourceType[] {
  const { resource, owns, watches = [], surroundings = [] } = reconciler;
  const types = [resource, ...owns, ...watches, ...surroundings.map((one) => one.resource)];
  return [...new Map(types.map((type) => [type.plural, type])).values()];
}
