import { MAX_RECORD_BYTES } from '../limits.js';
import { type Digest, eachLeaf } from '../merkle/leaf-lines.js';
import { MerkleFrontier } from '../merkle/merkle-frontier.js';
import { TREE_HASH_BYTES } from '../merkle/tree-hash.js';
import { TILE_WIDTH, tilePath } from './tile-path.js';

const LENGTH_BYTES = 2;

/** Takes a tile or an entry bundle. The bytes are the receiver's own. */
export type TileSink = (path: string, bytes: Buffer) => void;

/** The tile that is being filled on one level. */
interface OpenTile {
  index: number;
  readonly bytes: Buffer;
  /** The tree over the tile's hashes: perfect once the tile is full. */
  frontier: MerkleFrontier;
}

/**
 * Makes the tiles of a log whose lines stream by: hash tiles of every level and entry bundles (C2SP tlog-tiles). Full
 * ones are given as they fill up, the partial ones at the end. Holds one tile of each level and one bundle.
 */
export class TileBuilder {
  readonly #onTile: TileSink;
  readonly #levels: OpenTile[] = [];
  #bundle: Buffer[] = [];
  #bundleIndex = 0;
  #isFinished = false;

  constructor(onTile: TileSink) {
    this.#onTile = onTile;
  }

  /**
   * Adds an entry for each line. Throws RangeError for lines of which the last has no LF, then nothing was added, or
   * one has more than MAX_RECORD_BYTES, then those before it were; and Error after `finish`.
   */
  appendLines(lines: Uint8Array): void {
    this.#assertUnfinished();
    eachLeaf(lines, (digest, start, end) => {
      this.#addEntry(lines.subarray(start, end));
      this.#addHash(0, digest());
    });
  }

  /** Gives the partial tiles; says what the checkpoint beside the tiles has to say. Throws Error the second time. */
  finish(): { readonly size: number; readonly root: Buffer } {
    this.#assertUnfinished();
    this.#isFinished = true;
    this.#giveBundle();
    this.#levels.forEach((tile, level) => {
      const width = tile.frontier.size;
      if (width > 0)
        this.#onTile(tilePath(level, tile.index, width), tile.bytes.subarray(0, width * TREE_HASH_BYTES));
    });
    // What is in no full tile on any level are, from the top, the perfect subtrees of the whole.
    const size = this.#levels.reduceRight((sum, { frontier }) => sum * TILE_WIDTH + frontier.size, 0);
    const subtrees = this.#levels.toReversed().flatMap(({ frontier }) => frontier.hashes);
    return { size, root: new MerkleFrontier(size, subtrees).root() };
  }

  #assertUnfinished(): void {
    if (this.#isFinished)
      throw new Error('the last tiles were given: a tree that grows needs a new TileBuilder');
  }

  #addEntry(entry: Uint8Array): void {
    if (entry.length > MAX_RECORD_BYTES) {
      throw new RangeError(`an entry of ${entry.length} bytes is longer than ${MAX_RECORD_BYTES}`);
    }
    const prefixed = Buffer.allocUnsafe(LENGTH_BYTES + entry.length);
    prefixed.writeUInt16BE(entry.length);
    prefixed.set(entry, LENGTH_BYTES);
    this.#bundle.push(prefixed);
    if (this.#bundle.length === TILE_WIDTH) this.#giveBundle();
  }

  #giveBundle(): void {
    const width = this.#bundle.length;
    if (width === 0) return;
    this.#onTile(tilePath('entries', this.#bundleIndex, width), Buffer.concat(this.#bundle));
    this.#bundleIndex++;
    this.#bundle = [];
  }

  #addHash(level: number, digest: Digest): void {
    const tile = this.#openTile(level);
    tile.bytes.write(digest, tile.frontier.size * TREE_HASH_BYTES, 'latin1');
    tile.frontier.appendDigest(digest);
    if (tile.frontier.size < TILE_WIDTH) return;
    this.#onTile(tilePath(level, tile.index), Buffer.from(tile.bytes));
    const above = tile.frontier.root().toString('latin1');
    tile.index++;
    tile.frontier = new MerkleFrontier();
    this.#addHash(level + 1, above);
  }

  #openTile(level: number): OpenTile {
    const open = this.#levels[level];
    if (open !== undefined) return open;
    const tile = {
      index: 0,
      bytes: Buffer.alloc(TILE_WIDTH * TREE_HASH_BYTES),
      frontier: new MerkleFrontier(),
    };
    this.#levels.push(tile);
    return tile;
  }
}
