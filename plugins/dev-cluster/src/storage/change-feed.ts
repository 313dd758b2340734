import type { ResourceType } from '@rynxs/kernel';
import { type Change, ChangeHistory } from './change-history.js';

export type ChangeListener = (change: Change) => void;

/** Names what is stored: all served versions of a resource share it. */
export function storageKey(resource: ResourceType): string {
  return `${resource.group}/${resource.plural}`;
}

/** Tells listeners of changes, in order, and remembers the newest ones. */
export class ChangeFeed {
  readonly #listeners = new Map<string, Set<ChangeListener>>();
  readonly #allListeners = new Set<ChangeListener>();
  readonly #history: ChangeHistory;
  readonly #undelivered: Change[] = [];
  #delivering = false;

  constructor(startVersion: number, historyLimit: number) {
    this.#history = new ChangeHistory(startVersion, historyLimit);
  }

  /** Calls `listener` after every change of a type; `resource` undefined means all types. */
  follow(resource: ResourceType | undefined, listener: ChangeListener): Disposable {
    let listeners = this.#allListeners;
    if (resource !== undefined) {
      const key = storageKey(resource);
      listeners = this.#listeners.get(key) ?? new Set();
      this.#listeners.set(key, listeners);
    }
    // A wrapper, so that one function may be subscribed twice.
    const entry: ChangeListener = (change) => listener(change);
    listeners.add(entry);
    return { [Symbol.dispose]: () => void listeners.delete(entry) };
  }

  /** Changes of a type after a resource version, oldest first; undefined when the history no longer reaches back. */
  since(resource: ResourceType, resourceVersion: number): readonly Change[] | undefined {
    const key = storageKey(resource);
    return this.#history.since(resourceVersion)?.filter((change) => storageKey(change.resource) === key);
  }

  /** Drops what is remembered up to a resource version. */
  forget(resourceVersion: number): void {
    this.#history.forget(resourceVersion);
  }

  /** Remembers a change and delivers it; one that a listener causes is delivered after the one that it was told of. */
  publish(change: Change): void {
    this.#history.add(change);
    this.#undelivered.push(change);
    if (this.#delivering) return;
    this.#delivering = true;
    try {
      for (let next = this.#undelivered.shift(); next !== undefined; next = this.#undelivered.shift()) {
        for (const listener of this.#listeners.get(storageKey(next.resource)) ?? []) tell(listener, next);
        for (const listener of this.#allListeners) tell(listener, next);
      }
    } finally {
      this.#delivering = false;
    }
  }
}

function tell(listener: ChangeListener, change: Change): void {
  try {
    listener(change);
  } catch (error) {
    // A listener's defect is not the writer's: it surfaces as an uncaught error, after the others were told.
    queueMicrotask(() => {
      throw error;
    });
  }
}
