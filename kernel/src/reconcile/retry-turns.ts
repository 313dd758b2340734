import type { Clock } from '../contracts/clock.js';

/** What fails together, in milliseconds between one retry and the next; 50 a second. */
const INTERVAL_MS = 20;
/** So many retries at once need no turn: single failures are tried again at once. */
const BURST = 20;

/**
 * Turns for retries, whatever they are of: when everything fails, a thousand objects are tried again no faster than a few,
 * and not all in the same moment. (The generic cell rate algorithm; controller-runtime has 10 a second and 100 at once.)
 */
export class RetryTurns {
  readonly #clock: Clock;
  #nextAt = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Takes the next turn; returns how long it is until then, in milliseconds. */
  take(): number {
    const now = this.#clock.monotonic();
    this.#nextAt = Math.max(this.#nextAt, now - BURST * INTERVAL_MS) + INTERVAL_MS;
    return Math.max(0, this.#nextAt - now);
  }
}
