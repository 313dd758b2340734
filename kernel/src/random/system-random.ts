import { randomFillSync, randomUUID } from 'node:crypto';
import type { Random } from '../contracts/random.js';

const POOL_BYTES = 1_024;

/** The system's randomness: ids from its secure source, jitter from the fast one. */
export class SystemRandom implements Random {
  /** Random bytes that were not used yet, from `#unused` on: every commit needs an id, and asking the system costs 5 µs. */
  readonly #pool = Buffer.alloc(POOL_BYTES);
  #unused = POOL_BYTES;

  next(): number {
    return Math.random();
  }

  uuid(): string {
    return randomUUID();
  }

  hex(length: number): string {
    if (length > POOL_BYTES) return randomFillSync(Buffer.alloc(length)).toString('hex');
    if (this.#unused + length > POOL_BYTES) {
      randomFillSync(this.#pool);
      this.#unused = 0;
    }
    const start = this.#unused;
    this.#unused += length;
    const text = this.#pool.toString('hex', start, this.#unused);
    // Nothing that was given out stays in memory here.
    this.#pool.fill(0, start, this.#unused);
    return text;
  }
}
