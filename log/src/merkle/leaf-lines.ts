import { LEAF_PREFIX } from './tree-hash.js';

const LF = 0x0a;

/**
 * Gives each line of a chunk as what is hashed for its leaf: 0x00 and the line without its LF. The chunk is copied
 * once and every LF in the copy becomes the 0x00 of the line after it, so that no line is copied again.
 * Throws RangeError, before anything was given, when the last line has no LF.
 */
export function eachLeafInput(lines: Uint8Array, take: (prefixedEntry: Uint8Array) => void): void {
  if (lines.length === 0) return;
  if (lines[lines.length - 1] !== LF) throw new RangeError('the last line does not end with LF');
  const copy = Buffer.allocUnsafeSlow(1 + lines.length);
  copy.set(lines, 1);
  let at = 0;
  while (at < lines.length) {
    const lf = copy.indexOf(LF, at + 1);
    copy[at] = LEAF_PREFIX;
    take(copy.subarray(at, lf));
    at = lf;
  }
}
