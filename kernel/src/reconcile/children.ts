import { hash } from 'node:crypto';
import { canonicalize, type JsonMap, type LogEvent } from '@rynxs/log';
import type { ChildKey, ChildrenState, ChildState } from '../contracts/children.js';
import type { ResourceType } from '../contracts/cluster.js';
import type { Action, Manifest } from '../contracts/reconciler.js';
import {
  type ActionApplied,
  type ActionFailed,
  type ActionsDecided,
  type ActionUnconfirmed,
  type DriftObserved,
  payloadOf,
} from './events.js';

/** `Deployment/my-agent`. Children live in the namespace of their owner. */
export function childKey(resource: ResourceType, name: string): ChildKey {
  return `${resource.kind}/${name}`;
}

/**
 * A child that was once to be there, and is not. Its name is kept: a creation that was on its way for long may make it
 * again when nobody expects it any more, and then the log must know that it is a child.
 */
const NOT_THERE = {};

const digests = new WeakMap<object, string>();

/** SHA-256 of the canonical JSON of a manifest's object, in lower-case hex. */
export function manifestDigest(manifest: Manifest): string {
  const known = digests.get(manifest.object);
  if (known !== undefined) return known;
  const digest = hash('sha256', canonicalize(manifest.object as JsonMap), 'hex');
  digests.set(manifest.object, digest);
  return digest;
}

/**
 * The children after `event`. `basis` is what manifests are computed from in the state in which the event falls.
 * Returns the same object when the event says nothing of children.
 */
export function reduceChildren<B>(children: ChildrenState<B>, event: LogEvent, basis: B): ChildrenState<B> {
  switch (event.type) {
    case 'ActionsDecided': {
      const next = copyOf(children);
      for (const [action, { child, verb, digest }] of payloadOf<ActionsDecided>(event).actions.entries()) {
        next[child] = underWay(next[child], { decision: event.seq, action, verb, digest, basis });
      }
      return next;
    }
    case 'ActionApplied': {
      const { child, verb, uid } = payloadOf<ActionApplied>(event);
      return verb === 'delete'
        ? withChild(children, child, NOT_THERE)
        : withChild(children, child, settled(children[child], uid));
    }
    case 'ActionFailed': {
      const { child, reason, message, permanent, ambiguous } = payloadOf<ActionFailed>(event);
      const { pending, digest, ...rest } = children[child] ?? {};
      const failure = { digest: pending?.digest ?? null, reason, message, permanent };
      const kept = digest === undefined || ambiguous ? {} : { digest };
      return withChild(children, child, { ...rest, ...kept, failure });
    }
    case 'ActionUnconfirmed': {
      const { child, found, uid } = payloadOf<ActionUnconfirmed>(event);
      if (found === 'as_decided' && uid !== null)
        return withChild(children, child, settled(children[child], uid));
      if (found === 'different' && uid !== null)
        return withChild(children, child, differing(children[child], uid));
      return withChild(children, child, NOT_THERE);
    }
    case 'DriftObserved': {
      const { child, uid } = payloadOf<DriftObserved>(event);
      if (uid === null) return withChild(children, child, NOT_THERE);
      return withChild(children, child, differing(children[child], uid));
    }
    default:
      return children;
  }
}

/**
 * What is to be done so that exactly `manifests` exist, in their order; children that are no longer wanted go last.
 * A child with an action under way is left alone, and so is one whose failure only a change can mend.
 */
export function decideChildren<B>(
  manifests: readonly Manifest[],
  children: ChildrenState<B>,
  owns: readonly ResourceType[],
  namespace: string | undefined,
): readonly Action[] {
  const actions: Action[] = [];
  const wanted = new Set<ChildKey>();
  for (const manifest of manifests) {
    const { resource, object } = manifest;
    const key = childKey(resource, object.metadata.name);
    wanted.add(key);
    const child = children[key];
    const digest = manifestDigest(manifest);
    if (child?.pending !== undefined || child?.digest === digest) continue;
    if (child?.failure?.permanent === true && child.failure.digest === digest) continue;
    const target = { resource, key: objectKey(object.metadata), manifest };
    actions.push(
      child?.uid === undefined
        ? { verb: 'create', ...target }
        : { verb: 'update', ...target, uid: child.uid },
    );
  }
  for (const [key, child] of Object.entries(children)) {
    if (wanted.has(key) || child.uid === undefined || child.pending !== undefined) continue;
    if (child.failure?.permanent === true) continue;
    const [kind, name] = key.split('/', 2) as [string, string];
    const resource = owns.find((type) => type.kind === kind);
    if (resource === undefined) continue;
    actions.push({
      verb: 'delete',
      resource,
      key: { ...(namespace === undefined ? {} : { namespace }), name },
      uid: child.uid,
    });
  }
  return actions;
}

/** The child with an action under way; why the last one failed is forgotten. */
function underWay<B>(
  child: ChildState<B> | undefined,
  pending: NonNullable<ChildState<B>['pending']>,
): ChildState<B> {
  if (child === undefined) return { pending };
  if (child.failure === undefined) return { ...child, pending };
  const { failure: _, ...rest } = child;
  return { ...rest, pending };
}

function settled<B>(child: ChildState<B> | undefined, uid: string): ChildState<B> {
  const pending = child?.pending;
  if (pending === undefined || pending.digest === null) return { uid };
  return { uid, digest: pending.digest, basis: pending.basis };
}

function differing<B>(child: ChildState<B> | undefined, uid: string): ChildState<B> {
  return child?.basis === undefined ? { uid } : { uid, basis: child.basis };
}

/** Objects whose keys differ from one another, as these do, are copied like this in a quarter of the time of a spread. */
function copyOf<B>(children: ChildrenState<B>): Record<ChildKey, ChildState<B>> {
  return Object.assign({}, children);
}

function withChild<B>(children: ChildrenState<B>, key: ChildKey, child: ChildState<B>): ChildrenState<B> {
  const next = copyOf(children);
  next[key] = child;
  return next;
}

function objectKey(metadata: { readonly namespace?: string; readonly name: string }) {
  return metadata.namespace === undefined
    ? { name: metadata.name }
    : { namespace: metadata.namespace, name: metadata.name };
}
