import { hash } from 'node:crypto';

/** Bytes of a hash in the tree: SHA-256. */
export const TREE_HASH_BYTES = 32;

/** What is hashed before an entry and before two nodes, so that neither can pass for the other (RFC 6962, 2.1). */
export const LEAF_PREFIX = 0x00;
export const NODE_PREFIX = 0x01;

/** Root of the tree without entries: the hash of nothing (RFC 6962, 2.1). */
export const EMPTY_ROOT: Readonly<Buffer> = hash('sha256', '', 'buffer');

/** Hash of a leaf: SHA-256(0x00 || entry). In the event log an entry is a record's line without its LF. */
export function leafHash(entry: Uint8Array): Buffer {
  const prefixed = Buffer.allocUnsafe(1 + entry.length);
  prefixed[0] = LEAF_PREFIX;
  prefixed.set(entry, 1);
  return hash('sha256', prefixed, 'buffer');
}

/** Hash of an inner node: SHA-256(0x01 || left || right). */
export function nodeHash(left: Uint8Array, right: Uint8Array): Buffer {
  const prefixed = Buffer.allocUnsafe(1 + left.length + right.length);
  prefixed[0] = NODE_PREFIX;
  prefixed.set(left, 1);
  prefixed.set(right, 1 + left.length);
  return hash('sha256', prefixed, 'buffer');
}
