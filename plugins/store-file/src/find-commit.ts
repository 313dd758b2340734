import { MAX_BATCH_BYTES, MAX_BATCH_RECORDS, MAX_RECORD_BYTES } from '@rynxs/log';
import { type OpenFile, readRange } from './file-system.js';
import { readStoredLine } from './stored-line.js';

const LF = 0x0a;
/** A probe holds the rest of a line and a whole one. */
const PROBE_BYTES = 2 * MAX_RECORD_BYTES + 2;
const SCAN_BYTES = 1_048_576;
/** The commit that is sought, and the line before it, stand within so many bytes before a line of it. */
const KEPT_BYTES = MAX_BATCH_BYTES + MAX_RECORD_BYTES + 1;

/** The offset of a line before the commit that holds `seq`, near it; where lines are damaged, before them. */
export async function lineBefore(
  file: OpenFile,
  end: number,
  seq: number,
  signal: AbortSignal,
): Promise<number> {
  // A commit that holds seq begins at most so many records before it, so another one ends between there and seq.
  const target = seq - MAX_BATCH_RECORDS;
  let low = 0;
  let high = target > 0 ? end : 0;
  while (high - low > SCAN_BYTES) {
    signal.throwIfAborted();
    const middle = low + Math.floor((high - low) / 2);
    const probe = await readRange(file, middle, Math.min(end, middle + PROBE_BYTES));
    const start = probe.indexOf(LF) + 1;
    const lf = probe.indexOf(LF, start);
    const line = start > 0 && lf > 0 ? readStoredLine(probe.subarray(start, lf)) : undefined;
    if (line === undefined) return low;
    if (line.seq <= target) low = middle + start;
    else high = middle;
  }
  return low;
}

/**
 * Leaves out what stands before the commit that holds `seq`; everything, when there is none. Where lines are damaged,
 * it begins with the commit before them. Chunks end with a line.
 */
export async function* fromCommit(chunks: AsyncIterable<Buffer>, seq: number): AsyncGenerator<Buffer> {
  const kept: Buffer[] = [];
  let keptBytes = 0;
  let isFound = false;
  for await (const chunk of chunks) {
    if (isFound) {
      yield chunk;
      continue;
    }
    kept.push(chunk);
    keptBytes += chunk.length;
    const last = readStoredLine(lastLine(chunk));
    if (last !== undefined && last.seq < seq) {
      while (keptBytes - (kept[0]?.length ?? 0) >= KEPT_BYTES) keptBytes -= kept.shift()?.length ?? 0;
      continue;
    }
    isFound = true;
    const bytes = Buffer.concat(kept.splice(0));
    yield bytes.subarray(commitStart(bytes, seq));
  }
}

/** Follows the lines to the one with `seq`, and tells where its commit begins. */
function commitStart(bytes: Buffer, seq: number): number {
  let commitAt = 0;
  let start = 0;
  for (let lf = bytes.indexOf(LF); lf >= 0; lf = bytes.indexOf(LF, start)) {
    const line = readStoredLine(bytes.subarray(start, lf));
    if (line === undefined || line.seq >= seq) break;
    start = lf + 1;
    if (line.endsCommit) commitAt = start;
  }
  return commitAt;
}

function lastLine(chunk: Buffer): Buffer {
  const end = chunk.at(-1) === LF ? chunk.length - 1 : chunk.length;
  return chunk.subarray(end === 0 ? 0 : chunk.lastIndexOf(LF, end - 1) + 1, end);
}
