import {
  checkpointOrigin,
  consistencyRanges,
  formatCheckpoint,
  formatConsistencyProof,
  formatNote,
  formatProof,
  inclusionRanges,
  leafHash,
  MerkleFrontier,
  NoteSigner,
  type NoteVerifier,
  SubtreeHasher,
  type SubtreeRange,
} from '@rynxs/log';
import type { MadeLog } from './made-log.js';

/** The tree over a log, and a key that signs its checkpoints and receipts, all by `@rynxs/log`. */
export class SignedTree {
  readonly #lines: readonly Buffer[];
  readonly #leaves: readonly Buffer[];
  readonly #checkpoints = new Map<number, string>();
  readonly origin: string;
  readonly signer: NoteSigner;

  constructor(log: MadeLog, signer = NoteSigner.generate('test')) {
    this.#lines = log.lines;
    this.#leaves = log.lines.map(leafHash);
    this.origin = checkpointOrigin(log.id);
    this.signer = signer.named(this.origin);
  }

  get verifier(): NoteVerifier {
    return this.signer.verifier;
  }

  root(size: number): Buffer {
    const frontier = new MerkleFrontier();
    for (const leaf of this.#leaves.slice(0, size)) frontier.append(leaf);
    return frontier.root();
  }

  /** The signed checkpoint of the log's first `size` records. */
  checkpoint(size: number): string {
    const known = this.#checkpoints.get(size);
    if (known !== undefined) return known;
    const note = formatNote(
      this.signer.sign(formatCheckpoint({ origin: this.origin, size, root: this.root(size) })),
    );
    this.#checkpoints.set(size, note);
    return note;
  }

  /** A receipt of each of the records `indexes`, that carries the record, in a tree of `size`. */
  receipts(indexes: readonly number[], size: number): readonly string[] {
    const ranges = indexes.map((index) => inclusionRanges(index, size));
    const paths = this.#hashes(ranges, size);
    const checkpoint = this.checkpoint(size);
    return indexes.map((index, position) =>
      formatProof({ index, path: paths[position]!, checkpoint, extra: this.#lines[index]! }),
    );
  }

  consistency(oldSize: number, newSize: number): string {
    const [path = []] = this.#hashes([consistencyRanges(oldSize, newSize)], newSize);
    return formatConsistencyProof({
      oldSize,
      oldRoot: this.root(oldSize),
      path,
      checkpoint: this.checkpoint(newSize),
    });
  }

  /** The hashes of all lists of ranges by one pass over the leaves. */
  #hashes(lists: readonly (readonly SubtreeRange[])[], size: number): readonly (readonly Buffer[])[] {
    const hasher = new SubtreeHasher(lists.flat());
    for (const leaf of this.#leaves.slice(0, size)) hasher.append(leaf);
    const hashes = hasher.hashes();
    let taken = 0;
    return lists.map(({ length }) => {
      taken += length;
      return hashes.slice(taken - length, taken);
    });
  }
}
