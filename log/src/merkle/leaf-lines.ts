import { hash } from 'node:crypto';
import { LEAF_PREFIX } from './tree-hash.js';

const LF = 0x0a;

/**
 * A hash as a string of 32 characters, one for each byte ('latin1', which node:crypto calls 'binary'): made in half
 * the time that it takes to make a Buffer.
 */
export type Digest = string;

/** A line's leaf, which is hashed only if somebody wants it. */
export type TakeLeaf = (digest: () => Digest, start: number, end: number) => void;

/**
 * Goes through the lines of a chunk: gives each line's leaf hash and where the line stands without its LF. The chunk
 * is copied once and every LF in the copy becomes the 0x00 of the line after it, so that no line is copied again.
 * Throws RangeError, before anything was given, when the last line has no LF.
 */
export function eachLeaf(lines: Uint8Array, take: TakeLeaf): void {
  if (lines.length === 0) return;
  if (lines[lines.length - 1] !== LF) throw new RangeError('the last line does not end with LF');
  const prefixed = Buffer.allocUnsafeSlow(1 + lines.length);
  prefixed.set(lines, 1);
  let at = 0;
  let lf = 0;
  const digest = (): Digest => hash('sha256', prefixed.subarray(at, lf), 'binary');
  while (at < lines.length) {
    lf = prefixed.indexOf(LF, at + 1);
    prefixed[at] = LEAF_PREFIX;
    take(digest, at, lf - 1);
    at = lf;
  }
}
