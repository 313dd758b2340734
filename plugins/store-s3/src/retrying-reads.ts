import type { Clock, Random } from '@rynxs/kernel';
import { type Listing, type ListQuery, type ObjectStorage, ObjectStorageError } from './object-storage.js';

const FIRST_PAUSE_MS = 50;
const MAX_PAUSE_MS = 2_000;

/** How often a request is made that fails as if it may succeed later. */
export const MAX_ATTEMPTS = 5;

/** Waits before the next attempt, longer after each (`attempt` counts from 0); rejects when `signal` aborts. */
export type Pause = (attempt: number, signal: AbortSignal) => Promise<void>;

/** Growing pauses of 50 ms to 2 s, each shortened by up to a half at random. */
export function growingPauses(clock: Clock, random: Random): Pause {
  return (attempt, signal) => {
    const longest = Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** attempt);
    return clock.sleep(longest * (1 - random.next() / 2), signal);
  };
}

/** Whether the same request may succeed later, and has done nothing now. */
export function isTransient(error: unknown): boolean {
  if (!(error instanceof ObjectStorageError)) return false;
  return error.kind === 'unavailable' || error.kind === 'throttled' || error.kind === 'in_progress';
}

/** Object storage's reads, each repeated a few times while the failure is one that passes. */
export class RetryingReads {
  readonly #storage: ObjectStorage;
  readonly #pause: Pause;

  constructor(storage: ObjectStorage, pause: Pause) {
    this.#storage = storage;
    this.#pause = pause;
  }

  /** See ObjectStorage.get. */
  get(key: string, maxBytes: number, signal: AbortSignal): Promise<Uint8Array | undefined> {
    return this.#repeated(signal, () => this.#storage.get(key, maxBytes, signal));
  }

  /** See ObjectStorage.list. */
  list(query: ListQuery, signal: AbortSignal): Promise<Listing> {
    return this.#repeated(signal, () => this.#storage.list(query, signal));
  }

  async #repeated<T>(signal: AbortSignal, read: () => Promise<T>): Promise<T> {
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await read();
      } catch (error) {
        signal.throwIfAborted();
        if (!isTransient(error) || attempt + 1 >= MAX_ATTEMPTS) throw error;
        await this.#pause(attempt, signal);
      }
    }
  }
}
