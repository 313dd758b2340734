import { MAX_BATCH_BYTES, MAX_BATCH_RECORDS, MAX_RECORD_BYTES } from '@rynxs/log';
import { type OpenFile, readRange } from './file-system.js';
import { findEnd } from './log-end.js';
import { readStoredLine } from './stored-line.js';
import { isTorn } from './torn-tail.js';

const LF = 0x0a;
const CHUNK_BYTES = 262_144;
/** A probe holds the rest of a line and a whole one. */
const PROBE_BYTES = 2 * MAX_RECORD_BYTES + 2;
const SCAN_BYTES = 1_048_576;

/** How much of the file a reader gets to see. */
export interface ReadableEnd {
  readonly offset: number;
  /** The number after the last record; undefined when the file is damaged and all of it is shown. */
  readonly nextSeq: number | undefined;
}

/**
 * Where reading ends that does not own the log: after the last whole commit, when what follows is being written or is
 * the rest of a write; at the end of the file, when it is damage, so that whoever verifies finds it.
 */
export async function readableEnd(file: OpenFile, size: number): Promise<ReadableEnd> {
  const found = await findEnd(file, size);
  if (found === undefined) return { offset: size, nextSeq: undefined };
  const { end, damage } = found;
  if (end.offset === size) return end;
  const isShort = size - end.offset <= MAX_BATCH_BYTES;
  if (isShort && isTorn(await readRange(file, end.offset, size), damage)) return end;
  return { offset: size, nextSeq: undefined };
}

/** The offset of the commit that holds `seq`; the end when there is none yet. Where lines are damaged, one before them. */
export async function findCommit(
  file: OpenFile,
  end: ReadableEnd,
  seq: number,
  signal: AbortSignal,
): Promise<number> {
  if (seq <= 0) return 0;
  if (end.nextSeq !== undefined && seq >= end.nextSeq) return end.offset;
  // A commit that holds seq begins at most so many records before it, so another one ends between there and seq.
  const from = await lineAtOrBefore(file, end.offset, Math.max(0, seq - MAX_BATCH_RECORDS), signal);
  return commitBefore(file, from, end.offset, seq, signal);
}

/** Bisects for a line whose number is at most `seq`, to within a scan's length. */
async function lineAtOrBefore(
  file: OpenFile,
  end: number,
  seq: number,
  signal: AbortSignal,
): Promise<number> {
  let low = 0;
  let high = end;
  while (high - low > SCAN_BYTES) {
    signal.throwIfAborted();
    const middle = low + Math.floor((high - low) / 2);
    const probe = await readRange(file, middle, Math.min(end, middle + PROBE_BYTES));
    const start = probe.indexOf(LF) + 1;
    const lf = probe.indexOf(LF, start);
    const line = start > 0 && lf > 0 ? readStoredLine(probe.subarray(start, lf)) : undefined;
    if (line === undefined) return low;
    if (line.seq <= seq) low = middle + start;
    else high = middle;
  }
  return low;
}

/** Follows the lines from `from` to the one with `seq`, and tells where its commit begins. */
async function commitBefore(
  file: OpenFile,
  from: number,
  end: number,
  seq: number,
  signal: AbortSignal,
): Promise<number> {
  let commitAt = from;
  let at = from;
  while (at < end) {
    signal.throwIfAborted();
    const bytes = await readRange(file, at, Math.min(end, at + SCAN_BYTES));
    let start = 0;
    for (let lf = bytes.indexOf(LF); lf >= 0; lf = bytes.indexOf(LF, start)) {
      const line = readStoredLine(bytes.subarray(start, lf));
      if (line === undefined || line.seq >= seq) return commitAt;
      start = lf + 1;
      if (line.endsCommit) commitAt = at + start;
    }
    if (start === 0) return commitAt;
    at += start;
  }
  return end;
}

/** Streams the bytes from `start` to `end` in chunks that end with a line. The next one is read while one is used. */
export async function* streamLines(
  file: OpenFile,
  start: number,
  end: number,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  let at = start;
  let reading = readRange(file, at, Math.min(end, at + CHUNK_BYTES));
  try {
    while (at < end) {
      signal.throwIfAborted();
      const bytes = await reading;
      const lf = bytes.lastIndexOf(LF);
      const chunk = lf < 0 ? bytes : bytes.subarray(0, lf + 1);
      if (chunk.length === 0) return;
      at += chunk.length;
      reading = readRange(file, at, Math.min(end, at + CHUNK_BYTES));
      yield chunk;
    }
  } finally {
    // Nobody waits for it when the reader stops early, and the file must not be closed under it.
    await Promise.allSettled([reading]);
  }
}
