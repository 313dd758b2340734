import type { Digest } from '../merkle/leaf-lines.js';
import { MerkleFrontier } from '../merkle/merkle-frontier.js';

const LF = 0x0a;
/** No record is shorter: a line without its event has as many bytes. */
const MIN_LINE_BYTES = 170;

/** Grows a Merkle tree by record lines and keeps its roots at the sizes that were asked for. */
export class RootRecorder {
  readonly frontier: MerkleFrontier;
  readonly #roots = new Map<number, Buffer>();
  /** Sizes that are asked for and not reached, in ascending order. */
  readonly #wanted: number[] = [];

  constructor(frontier: MerkleFrontier = new MerkleFrontier()) {
    this.frontier = frontier;
  }

  /** Asks for the root at a size; at one that the tree has passed, it will not be had. */
  want(size: number): void {
    if (size < this.frontier.size) return;
    const at = placeOf(size, this.#wanted);
    if (this.#wanted[at] === size) return;
    this.#wanted.splice(at, 0, size);
    this.#record();
  }

  /** Appends whole lines, each ended by LF. */
  appendLines(lines: Uint8Array): void {
    const bytes = Buffer.from(lines.buffer, lines.byteOffset, lines.byteLength);
    let start = 0;
    for (let next = this.#wanted[0]; next !== undefined; next = this.#wanted[0]) {
      const missing = next - this.frontier.size;
      if (missing > (bytes.length - start) / MIN_LINE_BYTES) break;
      const end = endOfLine(bytes, start, missing);
      if (end === undefined) break;
      this.frontier.appendLines(bytes.subarray(start, end));
      this.#record();
      start = end;
    }
    this.frontier.appendLines(bytes.subarray(start));
  }

  /** Appends a leaf by its hash. */
  appendDigest(leaf: Digest): void {
    this.frontier.appendDigest(leaf);
    this.#record();
  }

  /** The roots at the sizes that were asked for and reached, and the one at the end. */
  roots(): ReadonlyMap<number, Buffer> {
    return new Map(this.#roots).set(this.frontier.size, this.frontier.root());
  }

  #record(): void {
    if (this.#wanted[0] !== this.frontier.size) return;
    this.#wanted.shift();
    this.#roots.set(this.frontier.size, this.frontier.root());
  }
}

/** Where `value` stands among ascending numbers, or would stand. */
function placeOf(value: number, ascending: readonly number[]): number {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ascending[middle] ?? value) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The offset behind the `count`th line from `start`; undefined when there are fewer. */
function endOfLine(bytes: Buffer, start: number, count: number): number | undefined {
  let at = start;
  for (let line = 0; line < count; line++) {
    const lf = bytes.indexOf(LF, at);
    if (lf < 0) return undefined;
    at = lf + 1;
  }
  return at;
}
