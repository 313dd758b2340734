import type { KubernetesObject, ObjectKey } from '@rynxs/kernel';
import type { EventRecorder } from '../storage/event-recorder.js';
import type { ObjectStorage } from '../storage/object-storage.js';
import type { OwnerIndex } from './owner-index.js';

/** What controllers work with. */
export interface ControllerContext {
  readonly storage: ObjectStorage;
  readonly owners: OwnerIndex;
  readonly events: EventRecorder;
  /** Told of every reconcile that failed; it is repeated. */
  readonly onFailure: (controller: string, key: string, error: unknown) => void;
  /** Wall-clock milliseconds. */
  readonly now: () => number;
}

/** Something that keeps a part of the cluster as it should be, until it is disposed of. */
export type StartController = (context: ControllerContext) => Disposable;

/** `<namespace>/<name>` of an object. */
export function keyOf(object: KubernetesObject): string {
  return `${object.metadata.namespace ?? ''}/${object.metadata.name}`;
}

export function parseKey(key: string): ObjectKey {
  const slash = key.indexOf('/');
  const name = key.slice(slash + 1);
  return slash === 0 ? { name } : { namespace: key.slice(0, slash), name };
}

/** Disposes of several things at once, the last first. */
export function together(...parts: readonly Disposable[]): Disposable {
  return {
    [Symbol.dispose]: () => {
      for (const part of parts.toReversed()) part[Symbol.dispose]();
    },
  };
}
