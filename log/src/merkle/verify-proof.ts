import { EMPTY_ROOT, nodeHash, TREE_HASH_BYTES } from './tree-hash.js';

/** What is said to prove that a leaf stands in a tree. */
export interface InclusionClaim {
  readonly index: number;
  readonly size: number;
  /** The leaf's hash. */
  readonly leaf: Uint8Array;
  /** From the leaf's sibling to the root's child. */
  readonly path: readonly Uint8Array[];
  readonly root: Uint8Array;
}

/** What is said to prove that a tree begins with another. */
export interface ConsistencyClaim {
  readonly oldSize: number;
  readonly newSize: number;
  readonly oldRoot: Uint8Array;
  readonly newRoot: Uint8Array;
  readonly path: readonly Uint8Array[];
}

/**
 * Whether the path leads from the leaf to the root, by the algorithm of RFC 9162, 2.1.3.2. Nothing of the claim is
 * trusted; what is no claim at all (no index, hashes of another length) is false, too.
 */
export function verifyInclusion({ index, size, leaf, path, root }: InclusionClaim): boolean {
  if (!isSize(index) || !isSize(size) || index >= size) return false;
  if (!areTreeHashes([leaf, root, ...path])) return false;
  let node = index;
  let last = size - 1;
  let computed = leaf;
  for (const sibling of path) {
    if (last === 0) return false;
    if (node % 2 === 1 || node === last) {
      computed = nodeHash(sibling, computed);
      while (node % 2 === 0 && node !== 0) {
        node = node / 2;
        last = half(last);
      }
    } else {
      computed = nodeHash(computed, sibling);
    }
    node = half(node);
    last = half(last);
  }
  return last === 0 && equal(computed, root);
}

/**
 * Whether the path shows that the new tree begins with the old one, by the algorithm of RFC 9162, 2.1.4.2. Two trees
 * of the same size, or an old tree without leaves, need no path and must have none. Nothing of the claim is trusted.
 */
export function verifyConsistency({ oldSize, newSize, oldRoot, newRoot, path }: ConsistencyClaim): boolean {
  if (!isSize(oldSize) || !isSize(newSize) || oldSize > newSize) return false;
  if (!areTreeHashes([oldRoot, newRoot, ...path])) return false;
  if (newSize === 0 && !equal(newRoot, EMPTY_ROOT)) return false;
  if (oldSize === newSize) return path.length === 0 && equal(oldRoot, newRoot);
  if (oldSize === 0) return path.length === 0 && equal(oldRoot, EMPTY_ROOT);

  let node = oldSize - 1;
  let last = newSize - 1;
  while (node % 2 === 1) {
    node = half(node);
    last = half(last);
  }
  // An old tree that is perfect is itself the first node of the path.
  const [first, ...rest] = node === 0 ? [oldRoot, ...path] : path;
  if (first === undefined) return false;
  let oldComputed = first;
  let newComputed = first;
  for (const sibling of rest) {
    if (last === 0) return false;
    if (node % 2 === 1 || node === last) {
      oldComputed = nodeHash(sibling, oldComputed);
      newComputed = nodeHash(sibling, newComputed);
      while (node % 2 === 0 && node !== 0) {
        node = node / 2;
        last = half(last);
      }
    } else {
      newComputed = nodeHash(newComputed, sibling);
    }
    node = half(node);
    last = half(last);
  }
  return last === 0 && equal(oldComputed, oldRoot) && equal(newComputed, newRoot);
}

/** Bit operators would cut numbers to 32 bits. */
function half(value: number): number {
  return Math.floor(value / 2);
}

function isSize(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

function areTreeHashes(hashes: readonly Uint8Array[]): boolean {
  return hashes.every((bytes) => bytes.length === TREE_HASH_BYTES);
}

/** Nothing here is secret, so the time that a comparison takes tells nothing. */
function equal(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}
