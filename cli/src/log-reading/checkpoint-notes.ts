import {
  allCheckpoints,
  type EventStore,
  newestCheckpoints as newestOf,
  type StoredCheckpoint,
} from '@rynxs/kernel';
import type { NoteVerifier } from '@rynxs/log';
import { readFailure } from './read-failure.js';

/** The newest checkpoints of a log that has `nextSeq` records; see the kernel's. Throws RYNXS_LOG_UNAVAILABLE. */
export function newestCheckpoints(
  store: EventStore,
  nextSeq: number,
  trusted: readonly NoteVerifier[],
  signal: AbortSignal,
): Promise<readonly StoredCheckpoint[]> {
  return readable(store, signal, newestOf(store, nextSeq, trusted, signal));
}

/** All checkpoints, as far as they are ever looked at, newest first. Throws RYNXS_LOG_UNAVAILABLE. */
export function manyCheckpoints(
  store: EventStore,
  nextSeq: number,
  signal: AbortSignal,
): Promise<readonly StoredCheckpoint[]> {
  return readable(store, signal, allCheckpoints(store, nextSeq, signal));
}

async function readable<T>(store: EventStore, signal: AbortSignal, reading: Promise<T>): Promise<T> {
  try {
    return await reading;
  } catch (cause) {
    signal.throwIfAborted();
    throw readFailure(store, cause);
  }
}
