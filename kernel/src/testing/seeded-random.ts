import type { Random } from '../contracts/random.js';

/** Randomness that repeats itself: the same seed gives the same sequence. */
export function seededRandom(seed: number): Random {
  const next = mulberry32(seed);
  const hex = (length: number): string =>
    Array.from({ length }, () =>
      Math.floor(next() * 256)
        .toString(16)
        .padStart(2, '0'),
    ).join('');
  const uuid = (): string => {
    const digits = hex(16);
    // Version 4, variant 10 (RFC 9562, 5.4).
    const variant = '89ab'[Math.floor(next() * 4)];
    return [
      digits.slice(0, 8),
      digits.slice(8, 12),
      `4${digits.slice(13, 16)}`,
      `${variant}${digits.slice(17, 20)}`,
      digits.slice(20),
    ].join('-');
  };
  return { next, uuid, hex };
}

/** Tommy Ettinger's mulberry32: 32 bits of state, enough for tests. */
function mulberry32(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
