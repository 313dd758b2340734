import { createToken } from './token.js';

/** Time. Nothing in Rynxs reads the system clock or sets a timer but through this, so that tests can own time. */
export interface Clock {
  /** Wall-clock time in milliseconds since 1970-01-01T00:00:00Z. May jump. */
  now(): number;
  /** Milliseconds from an arbitrary start; never goes back. For measuring and for deadlines. */
  monotonic(): number;
  /** Resolves after `ms` milliseconds; rejects with `signal.reason` as soon as `signal` aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Calls `callback` once after `ms` milliseconds unless disposed before. Does not keep the process alive. */
  schedule(ms: number, callback: () => void): Disposable;
}

export const CLOCK = createToken<Clock>('CLOCK');
