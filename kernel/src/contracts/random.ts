import { createToken } from './token.js';

/** Randomness, replaceable so that a seeded test repeats itself. */
export interface Random {
  /** A number in [0, 1). For jitter, never for secrets. */
  next(): number;
  /** A random UUID, version 4. */
  uuid(): string;
  /** `length` random bytes in lower-case hex (2 x length characters). */
  hex(length: number): string;
}

export const RANDOM = createToken<Random>('RANDOM');
