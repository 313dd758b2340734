import { hash } from 'node:crypto';
import { MAX_RECORD_BYTES } from '../limits.js';
import type { Digest } from './leaf-lines.js';
import { LEAF_PREFIX } from './tree-hash.js';

/** Hashes the leaves of record lines, one by one (RFC 6962, 2.1). */
export class LeafHasher {
  readonly #prefixed = Buffer.alloc(1 + MAX_RECORD_BYTES, LEAF_PREFIX);

  /** The hash of the leaf whose entry is `text` from `start` to `end`, at most MAX_RECORD_BYTES. */
  hash(text: Buffer, start: number, end: number): Digest {
    const length = text.copy(this.#prefixed, 1, start, end);
    return hash('sha256', this.#prefixed.subarray(0, 1 + length), 'binary');
  }
}
