import type { Clock } from '../contracts/clock.js';

/** A time limit for `withDeadline`. */
export interface Deadline {
  readonly clock: Clock;
  readonly timeoutMs: number;
  /** Aborts the work's signal too, with its own reason. */
  readonly parent?: AbortSignal;
  /** The error for work that is late. */
  late(): Error;
  /** Gets the error with which late work ends after all. */
  leftBehind?(error: unknown): void;
}

/**
 * Runs `work` until it settles. After `timeoutMs` its signal aborts with the error of `late`, which is thrown at once,
 * whatever the work does then.
 */
export async function withDeadline<T>(
  deadline: Deadline,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const ended = new AbortController();
  const expiry = new AbortController();
  const signals = [expiry.signal, ...(deadline.parent === undefined ? [] : [deadline.parent])];
  let late: Error | undefined;

  // The wrapper makes a rejection of what `work` throws before its first await.
  const result = (async () => await work(AbortSignal.any(signals)))();
  const expired = deadline.clock.sleep(deadline.timeoutMs, ended.signal).then(
    () => {
      late = deadline.late();
      expiry.abort(late);
    },
    // The work was in time, so nobody waits for this any more.
    () => {},
  );
  result.catch((error: unknown) => {
    if (late !== undefined) deadline.leftBehind?.(error);
  });
  try {
    await Promise.race([result, expired]);
  } catch (error) {
    // Work that heeds its signal may fail in the same moment; the reason is that it was late.
    if (late === undefined) throw error;
  } finally {
    ended.abort();
  }
  if (late !== undefined) throw late;
  return await result;
}
