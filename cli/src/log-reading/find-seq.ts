import type { EventStore } from '@rynxs/kernel';
import { type LogEvent, MAX_BATCH_RECORDS } from '@rynxs/log';
import { readFailure } from './read-failure.js';
import { readCommits } from './read-records.js';

/**
 * A sequence number, at most a commit's length before the first record for which `hasBegun` holds. Once it holds, it
 * must hold to the end of the log. Reads a commit at a time, as few as bisecting takes.
 */
export async function findSeq(
  store: EventStore,
  hasBegun: (event: LogEvent) => boolean,
  signal: AbortSignal,
): Promise<number> {
  let low = 0;
  let high = await nextSeq(store, signal);
  while (high - low > MAX_BATCH_RECORDS) {
    const middle = low + Math.floor((high - low) / 2);
    const first = await firstOfCommit(store, middle, signal);
    if (first === undefined || hasBegun(first)) high = middle;
    else low = middle;
  }
  return Math.max(0, low - MAX_BATCH_RECORDS);
}

/** The number that the log's next record will have. Throws RYNXS_LOG_DAMAGED, RYNXS_LOG_UNAVAILABLE. */
export async function nextSeq(store: EventStore, signal: AbortSignal): Promise<number> {
  try {
    return (await store.head(signal)).nextSeq;
  } catch (cause) {
    signal.throwIfAborted();
    throw readFailure(store, cause);
  }
}

async function firstOfCommit(
  store: EventStore,
  seq: number,
  signal: AbortSignal,
): Promise<LogEvent | undefined> {
  for await (const { records } of readCommits(store, seq, signal)) return records[0]?.event;
  return undefined;
}
