import { randomBytes, randomUUID } from 'node:crypto';
import type { Random } from '../contracts/random.js';

/** The system's randomness: ids from its secure source, jitter from the fast one. */
export class SystemRandom implements Random {
  next(): number {
    return Math.random();
  }

  uuid(): string {
    return randomUUID();
  }

  hex(length: number): string {
    return randomBytes(length).toString('hex');
  }
}
