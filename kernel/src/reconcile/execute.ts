import {
  type Cluster,
  ClusterError,
  type KubernetesObject,
  type ObjectKey,
  type ResourceCache,
  type ResourceType,
} from '../contracts/cluster.js';
import type { Term } from '../contracts/leadership.js';
import type { Action, Manifest } from '../contracts/reconciler.js';
import { RynxsError } from '../errors/rynxs-error.js';
import { differingPaths, mergeOwned, newObject } from './owned-fields.js';
import { isOwnedBy } from './ownership.js';
import { scrub } from './scrub.js';
import { writeOptions } from './write-options.js';

/** What came of an action: recorded as ActionApplied or ActionFailed. */
export type ActionOutcome =
  | { readonly kind: 'applied'; readonly uid: string }
  | {
      readonly kind: 'failed';
      readonly reason: string;
      readonly message: string;
      readonly permanent: boolean;
      readonly ambiguous: boolean;
      readonly retryAfterMs?: number;
    };

export interface ExecuteContext {
  readonly cluster: Cluster;
  readonly term: Term;
  readonly cacheOf: (resource: ResourceType) => ResourceCache;
  /** Puts the answer of a write into the cache, knowing that it is an own write. */
  readonly assume: (resource: ResourceType, object: KubernetesObject) => void;
  /** Uid of the object whose child is acted upon. */
  readonly ownerUid: string;
  /** The manifest that was applied to this child before; what it had and the new one lacks is taken out. */
  readonly previous: Manifest | undefined;
}

/** Reason of an action that failed because an object of somebody else has the name. */
export const NOT_OWNED = 'NotOwned';

const MAX_CONFLICTS = 3;

/**
 * Carries an action out, in a way that can never overwrite what was not seen: POST for what should not exist, PUT with
 * the resourceVersion of what was merged, DELETE with uid and resourceVersion. An object that is in the way and is not
 * ours is left alone. The term is asserted directly before each write is sent. Never throws.
 */
export async function execute(action: Action, context: ExecuteContext): Promise<ActionOutcome> {
  try {
    for (let conflicts = 0; ; conflicts += 1) {
      try {
        return await attempt(action, context, conflicts > 0);
      } catch (error) {
        if (!(error instanceof ClusterError) || error.reason !== 'conflict' || conflicts >= MAX_CONFLICTS)
          throw error;
      }
    }
  } catch (error) {
    return failure(error, action);
  }
}

async function attempt(action: Action, context: ExecuteContext, fresh: boolean): Promise<ActionOutcome> {
  switch (action.verb) {
    case 'create':
      return create(requireManifest(action), action.key, context);
    case 'update': {
      const live = await read(action.resource, action.key, context, fresh);
      if (live === undefined) return vanished(action);
      if (live.metadata.uid !== action.uid) return foreign(action.resource, action.key);
      return update(requireManifest(action), live, context);
    }
    case 'delete':
      return remove(action, context, fresh);
  }
}

async function create(manifest: Manifest, key: ObjectKey, context: ExecuteContext): Promise<ActionOutcome> {
  const { resource, object } = manifest;
  try {
    return applied(
      resource,
      await context.cluster.create(resource, newObject(object), writeOptions(context.term)),
      context,
    );
  } catch (error) {
    if (!(error instanceof ClusterError) || error.reason !== 'exists') throw error;
    const live = await read(resource, key, context, true);
    if (live === undefined) throw error;
    if (!isOwnedBy(live, context.ownerUid)) return foreign(resource, key);
    return differingPaths(object, live).length === 0
      ? applied(resource, live, context)
      : update(manifest, live, context);
  }
}

async function update(
  manifest: Manifest,
  live: KubernetesObject,
  context: ExecuteContext,
): Promise<ActionOutcome> {
  const { resource, object } = manifest;
  const merged = mergeOwned(live, object, context.previous?.object);
  return applied(
    resource,
    await context.cluster.update(resource, merged, writeOptions(context.term)),
    context,
  );
}

async function remove(action: Action, context: ExecuteContext, fresh: boolean): Promise<ActionOutcome> {
  const uid = action.uid ?? '';
  const live = await read(action.resource, action.key, context, fresh);
  if (live === undefined || live.metadata.uid !== uid) return { kind: 'applied', uid };
  const resourceVersion = live.metadata.resourceVersion ?? '';
  await context.cluster.delete(
    action.resource,
    action.key,
    { uid, resourceVersion },
    writeOptions(context.term),
  );
  return { kind: 'applied', uid };
}

async function read(
  resource: ResourceType,
  key: ObjectKey,
  context: ExecuteContext,
  fresh: boolean,
): Promise<KubernetesObject | undefined> {
  const cached = fresh ? undefined : context.cacheOf(resource).get(key);
  if (cached !== undefined) return cached;
  try {
    return await context.cluster.get(resource, key, { signal: context.term.signal });
  } catch (error) {
    if (error instanceof ClusterError && error.reason === 'missing') return undefined;
    throw error;
  }
}

function applied(resource: ResourceType, object: KubernetesObject, context: ExecuteContext): ActionOutcome {
  context.assume(resource, object);
  return { kind: 'applied', uid: object.metadata.uid ?? '' };
}

function foreign(resource: ResourceType, key: ObjectKey): ActionOutcome {
  const message =
    `${resource.kind} ${key.name} exists and belongs to somebody else; it was left alone. ` +
    'Delete or rename it, or choose another name.';
  return { kind: 'failed', reason: NOT_OWNED, message, permanent: false, ambiguous: false };
}

function vanished(action: Action): ActionOutcome {
  const message = `${action.resource.kind} ${action.key.name} is gone`;
  return { kind: 'failed', reason: 'Gone', message, permanent: false, ambiguous: true };
}

function failure(error: unknown, action: Action): ActionOutcome {
  const text = error instanceof Error ? error.message : String(error);
  const message = scrub(text, action.manifest);
  if (error instanceof ClusterError) {
    const { reason, retryAfterMs } = error;
    return {
      kind: 'failed',
      reason: reason === 'aborted' ? 'NotAttempted' : `${reason.charAt(0).toUpperCase()}${reason.slice(1)}`,
      message,
      permanent: reason === 'invalid',
      ambiguous: reason === 'ambiguous',
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    };
  }
  const reason =
    error instanceof RynxsError && error.code.startsWith('RYNXS_LEADERSHIP_') ? 'NotAttempted' : 'Unknown';
  return { kind: 'failed', reason, message, permanent: false, ambiguous: reason === 'Unknown' };
}

function requireManifest(action: Action): Manifest {
  if (action.manifest === undefined)
    throw new TypeError(`${action.verb} of ${action.key.name} without a manifest`);
  return action.manifest;
}
