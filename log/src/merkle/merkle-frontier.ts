import { hash } from 'node:crypto';
import { type Digest, eachLeaf } from './leaf-lines.js';
import { EMPTY_ROOT, NODE_PREFIX, nodeHash, TREE_HASH_BYTES } from './tree-hash.js';

const LEFT = 1;
const RIGHT = LEFT + TREE_HASH_BYTES;

/**
 * The right edge of a Merkle tree (RFC 6962, 2.1): the roots of the perfect subtrees that its leaves fall into, one
 * for each 1 in the binary form of its size. All that is needed to go on appending, and to know the root.
 */
export class MerkleFrontier {
  #size: number;
  /**
   * What is hashed for the next node above each level, leaves at 0: 0x01, the left half, the right half. The left
   * half is the root of a perfect subtree where the size has a 1 in that place, else it means nothing.
   */
  readonly #levels: Buffer[] = [];

  /**
   * Goes on from `size` leaves whose perfect subtrees have the roots `hashes`, largest first.
   * Throws RangeError when `size` is no size, or has another number of subtrees, or a hash has not 32 bytes.
   */
  constructor(size = 0, hashes: readonly Uint8Array[] = []) {
    if (!Number.isSafeInteger(size) || size < 0) throw new RangeError(`${size} is not the size of a tree`);
    const levels = subtreeLevels(size);
    if (hashes.length !== levels.length) {
      throw new RangeError(
        `a tree of ${size} leaves has ${levels.length} perfect subtrees, not ${hashes.length}`,
      );
    }
    hashes.forEach((subtree, index) => {
      assertTreeHash(subtree.length);
      this.#level(levels.at(-1 - index) ?? 0).set(subtree, LEFT);
    });
    this.#size = size;
  }

  /** Leaves so far. */
  get size(): number {
    return this.#size;
  }

  /** Roots of the perfect subtrees, largest first. */
  get hashes(): readonly Buffer[] {
    return this.#subtrees().reverse();
  }

  /** Appends a leaf by its hash (`leafHash`). Throws RangeError when that has not 32 bytes. */
  append(leaf: Uint8Array): void {
    this.appendDigest(Buffer.from(leaf).toString('latin1'));
  }

  /** As `append`, the hash as a string of 32 characters, one for each byte ('latin1'): the quickest way. */
  appendDigest(leaf: Digest): void {
    assertTreeHash(leaf.length);
    let digest = leaf;
    let level = 0;
    // As in binary counting: each trailing 1 of the size is a subtree as large as the one that it now meets.
    for (let rest = this.#size; rest % 2 === 1; rest = (rest - 1) / 2) {
      const node = this.#level(level);
      node.write(digest, RIGHT, 'latin1');
      digest = hash('sha256', node, 'binary');
      level++;
    }
    this.#level(level).write(digest, LEFT, 'latin1');
    this.#size++;
  }

  /** Appends a leaf for each line; every line must end with LF, else RangeError and nothing is appended. */
  appendLines(lines: Uint8Array): void {
    eachLeaf(lines, (digest) => this.appendDigest(digest()));
  }

  /** The tree's root; of the empty tree, SHA-256 of nothing. */
  root(): Buffer {
    const [smallest = EMPTY_ROOT, ...others] = this.#subtrees();
    return others.reduce<Buffer>((root, larger) => nodeHash(larger, root), Buffer.from(smallest));
  }

  /** A frontier of the same tree that goes its own way. */
  clone(): MerkleFrontier {
    return new MerkleFrontier(this.#size, this.hashes);
  }

  /** Copies of the perfect subtrees' roots, smallest first. */
  #subtrees(): Buffer[] {
    return subtreeLevels(this.#size).map((level) => Buffer.from(this.#level(level).subarray(LEFT, RIGHT)));
  }

  #level(level: number): Buffer {
    const existing = this.#levels[level];
    if (existing !== undefined) return existing;
    const node = Buffer.alloc(1 + 2 * TREE_HASH_BYTES);
    node[0] = NODE_PREFIX;
    this.#levels[level] = node;
    return node;
  }
}

/** The places of the 1s in the binary form of `size`, from the lowest: levels of the perfect subtrees' roots. */
function subtreeLevels(size: number): number[] {
  const levels: number[] = [];
  for (let rest = size, level = 0; rest > 0; rest = Math.floor(rest / 2), level++) {
    if (rest % 2 === 1) levels.push(level);
  }
  return levels;
}

function assertTreeHash(bytes: number): void {
  if (bytes !== TREE_HASH_BYTES) throw new RangeError(`a hash has ${TREE_HASH_BYTES} bytes, not ${bytes}`);
}
