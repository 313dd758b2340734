import { type Digest, eachLeaf } from './leaf-lines.js';
import { MerkleFrontier } from './merkle-frontier.js';
import type { SubtreeRange } from './subtree-ranges.js';

interface Subtree extends SubtreeRange {
  readonly frontier: MerkleFrontier;
}

/**
 * Hashes some subtrees of a tree whose leaves stream by, beginning with leaf 0: one pass over a log makes any number
 * of proofs, in memory that does not grow with the log. Ranges may overlap, and may be single leaves.
 */
export class SubtreeHasher {
  readonly #subtrees: readonly Subtree[];
  /** Subtrees whose leaves have not all come, ordered by their first leaf. */
  #awaited: Subtree[];
  #next = 0;

  /** Throws RangeError for a range without leaves. */
  constructor(ranges: readonly SubtreeRange[]) {
    this.#subtrees = ranges.map(({ start, end }) => {
      if (!Number.isSafeInteger(start) || !Number.isSafeInteger(end) || start < 0 || end <= start) {
        throw new RangeError(`${start} to ${end} is not a range of leaves`);
      }
      return { start, end, frontier: new MerkleFrontier() };
    });
    this.#awaited = this.#subtrees.toSorted((a, b) => a.start - b.start);
  }

  /** Takes the next leaf by its hash (`leafHash`). Throws RangeError when that is needed and has not 32 bytes. */
  append(leaf: Uint8Array): void {
    this.#take(() => Buffer.from(leaf).toString('latin1'));
  }

  /** Takes a leaf for each line; every line must end with LF, else RangeError and none is taken. */
  appendLines(lines: Uint8Array): void {
    eachLeaf(lines, (digest) => this.#take(digest));
  }

  /** The subtrees' hashes in the order of the ranges. Throws RangeError while leaves of any are missing. */
  hashes(): readonly Buffer[] {
    const missing = this.#awaited[0];
    if (missing !== undefined) {
      throw new RangeError(`leaves up to ${missing.end - 1} are needed, and only ${this.#next} were given`);
    }
    return this.#subtrees.map(({ frontier }) => frontier.root());
  }

  /** Leaves that are in no subtree are counted, not hashed. */
  #take(leaf: () => Digest): void {
    const first = this.#awaited[0];
    if (first !== undefined && first.start <= this.#next) this.#give(leaf());
    this.#next++;
  }

  #give(leaf: Digest): void {
    let isComplete = false;
    for (const { start, end, frontier } of this.#awaited) {
      if (start > this.#next) break;
      frontier.appendDigest(leaf);
      if (end === this.#next + 1) isComplete = true;
    }
    if (isComplete) this.#awaited = this.#awaited.filter(({ end }) => end > this.#next + 1);
  }
}
