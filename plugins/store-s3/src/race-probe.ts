import type { StoreProbe } from '@rynxs/kernel';
import { type ObjectStorage, ObjectStorageError } from './object-storage.js';
import type { RetryingReads } from './retrying-reads.js';

const RACERS = 32;
const RACER_BYTES = 64;

/**
 * Lets RACERS writers create one object at once. A winner is who was told so; and whose bytes are there in the end,
 * when that is one who was told otherwise. Throws what the storage says when nobody has won.
 */
export async function raceForKey(
  storage: ObjectStorage,
  reads: RetryingReads,
  key: string,
  signal: AbortSignal,
): Promise<StoreProbe> {
  const racers = Array.from({ length: RACERS }, (_, racer) => Buffer.alloc(RACER_BYTES, `racer ${racer};`));
  const outcomes = await Promise.allSettled(racers.map((bytes) => storage.putIfAbsent(key, bytes, signal)));
  signal.throwIfAborted();
  const stored = await reads.get(key, RACER_BYTES, signal);
  const winners = racers.filter(
    (bytes, racer) =>
      outcomes[racer]?.status === 'fulfilled' ||
      (stored !== undefined && Buffer.compare(stored, bytes) === 0),
  );
  if (winners.length === 0) throw failureOf(outcomes);
  return { racers: RACERS, winners: winners.length };
}

/** The one that explains most: losing is no failure. */
function failureOf(outcomes: readonly PromiseSettledResult<void>[]): unknown {
  const failures = outcomes.flatMap((outcome) =>
    outcome.status === 'rejected' ? [outcome.reason as unknown] : [],
  );
  const isLoss = (error: unknown): boolean => error instanceof ObjectStorageError && error.kind === 'exists';
  return failures.find((error) => !isLoss(error)) ?? failures[0];
}
