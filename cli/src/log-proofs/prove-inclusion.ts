import type { EventStore } from '@rynxs/kernel';
import { formatProof, inclusionRanges, leafHash, SubtreeHasher, verifyInclusion } from '@rynxs/log';
import type { ReadCheckpoint } from '../log-reading/checkpoint-text.js';
import { readTreeLines } from '../log-reading/tree-lines.js';

const LF = 0x0a;

/**
 * The receipt for a record against a checkpoint that covers it (C2SP tlog-proof), from one pass over the log in constant
 * memory; undefined when the log does not have the checkpoint's root.
 */
export async function proveInclusion(
  store: EventStore,
  seq: number,
  checkpoint: ReadCheckpoint,
  signal: AbortSignal,
  onProgress: (records: number) => void,
): Promise<string | undefined> {
  const { size, root, text } = checkpoint;
  const hasher = new SubtreeHasher(inclusionRanges(seq, size));
  const finder = new LineFinder(seq);
  for await (const lines of readTreeLines(store, size, signal, onProgress)) {
    hasher.appendLines(lines);
    finder.push(lines);
  }
  const record = finder.line;
  const path = hasher.hashes();
  if (record === undefined || !verifyInclusion({ index: seq, size, leaf: leafHash(record), path, root })) {
    return undefined;
  }
  return formatProof({ index: seq, path, checkpoint: text, extra: record });
}

/** Keeps one line, by its number from 0, of many that stream by. */
class LineFinder {
  line: Buffer | undefined;
  #ahead: number;

  constructor(index: number) {
    this.#ahead = index;
  }

  push(lines: Buffer): void {
    if (this.line !== undefined) return;
    for (let start = 0, end = lines.indexOf(LF); end >= 0; start = end + 1, end = lines.indexOf(LF, start)) {
      if (this.#ahead === 0) {
        this.line = Buffer.from(lines.subarray(start, end));
        return;
      }
      this.#ahead -= 1;
    }
  }
}
