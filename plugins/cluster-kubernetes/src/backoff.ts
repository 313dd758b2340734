import type { Random } from '@rynxs/kernel';

const FIRST_MS = 800;
const MAX_MS = 30_000;

/** Growing, jittered delays between 0.8 s and 30 s: what client-go's reflector waits after a failed list or watch. */
export class Backoff {
  #failures = 0;

  constructor(readonly random: Random) {}

  /** How long to wait after one more failure, in milliseconds; at most `maxMs`. */
  next(maxMs = MAX_MS): number {
    const upper = Math.min(maxMs, FIRST_MS * 2 ** (this.#failures + 1));
    const lower = Math.max(FIRST_MS, upper / 2);
    // Where the delay has reached its maximum, more failures must not make the exponent overflow.
    if (upper < maxMs) this.#failures += 1;
    return lower + this.random.next() * (upper - lower);
  }

  reset(): void {
    this.#failures = 0;
  }
}
