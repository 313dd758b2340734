import { hash } from 'node:crypto';
import { eachLeafInput } from './leaf-lines.js';
import { EMPTY_ROOT, NODE_PREFIX, nodeHash, TREE_HASH_BYTES } from './tree-hash.js';

/** Perfect subtrees in a tree of Number.MAX_SAFE_INTEGER leaves, and the leaf that makes them fold. */
const MAX_SUBTREES = 54;

/**
 * The right edge of a Merkle tree (RFC 6962, 2.1): the roots of the perfect subtrees that its leaves fall into, one
 * for each 1 in the binary form of its size. All that is needed to go on appending, and to know the root.
 */
export class MerkleFrontier {
  #size: number;
  #depth: number;
  /** The subtrees' roots, largest first, each followed by the next. */
  readonly #stack = Buffer.allocUnsafeSlow(MAX_SUBTREES * TREE_HASH_BYTES);
  readonly #node = Buffer.allocUnsafeSlow(1 + 2 * TREE_HASH_BYTES);

  /**
   * Goes on from `size` leaves whose perfect subtrees have the roots `hashes`, largest first.
   * Throws RangeError when `size` is no size, or has another number of subtrees, or a hash has not 32 bytes.
   */
  constructor(size = 0, hashes: readonly Uint8Array[] = []) {
    if (!Number.isSafeInteger(size) || size < 0) throw new RangeError(`${size} is not the size of a tree`);
    const expected = perfectSubtrees(size);
    if (hashes.length !== expected) {
      throw new RangeError(`a tree of ${size} leaves has ${expected} perfect subtrees, not ${hashes.length}`);
    }
    hashes.forEach((subtree, index) => {
      assertTreeHash(subtree);
      this.#stack.set(subtree, index * TREE_HASH_BYTES);
    });
    this.#size = size;
    this.#depth = hashes.length;
    this.#node[0] = NODE_PREFIX;
  }

  /** Leaves so far. */
  get size(): number {
    return this.#size;
  }

  /** Roots of the perfect subtrees, largest first. */
  get hashes(): readonly Buffer[] {
    return Array.from({ length: this.#depth }, (_, index) => Buffer.from(this.#slot(index)));
  }

  /** Appends a leaf by its hash (`leafHash`). Throws RangeError when that has not 32 bytes. */
  append(leaf: Uint8Array): void {
    assertTreeHash(leaf);
    this.#push(leaf);
  }

  /** Appends a leaf for each line; every line must end with LF, else RangeError and nothing is appended. */
  appendLines(lines: Uint8Array): void {
    eachLeafInput(lines, (prefixedEntry) => this.#push(hash('sha256', prefixedEntry, 'buffer')));
  }

  /** The tree's root; of the empty tree, SHA-256 of nothing. */
  root(): Buffer {
    if (this.#depth === 0) return Buffer.from(EMPTY_ROOT);
    let root: Buffer = Buffer.from(this.#slot(this.#depth - 1));
    for (let index = this.#depth - 2; index >= 0; index--) root = nodeHash(this.#slot(index), root);
    return root;
  }

  clone(): MerkleFrontier {
    return new MerkleFrontier(this.#size, this.hashes);
  }

  #push(leaf: Uint8Array): void {
    const stack = this.#stack;
    stack.set(leaf, this.#depth * TREE_HASH_BYTES);
    this.#depth++;
    // As in binary counting: each trailing 1 of the old size is a subtree as large as what it meets.
    for (let size = this.#size; size % 2 === 1; size = (size - 1) / 2) {
      this.#depth--;
      const left = (this.#depth - 1) * TREE_HASH_BYTES;
      stack.copy(this.#node, 1, left, left + 2 * TREE_HASH_BYTES);
      stack.set(hash('sha256', this.#node, 'buffer'), left);
    }
    this.#size++;
  }

  #slot(index: number): Buffer {
    return this.#stack.subarray(index * TREE_HASH_BYTES, (index + 1) * TREE_HASH_BYTES);
  }
}

/** The number of 1s in the binary form of `size`. */
function perfectSubtrees(size: number): number {
  let count = 0;
  for (let rest = size; rest > 0; rest = Math.floor(rest / 2)) count += rest % 2;
  return count;
}

function assertTreeHash(bytes: Uint8Array): void {
  if (bytes.length !== TREE_HASH_BYTES) {
    throw new RangeError(`a hash has ${TREE_HASH_BYTES} bytes, not ${bytes.length}`);
  }
}
