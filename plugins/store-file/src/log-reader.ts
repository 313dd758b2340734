import { MAX_BATCH_BYTES, MAX_RECORD_BYTES } from '@rynxs/log';
import { type FileSystem, type OpenFile, readRange } from './file-system.js';
import { fromCommit, lineBefore } from './find-commit.js';
import { EMPTY_END, findEnd, type LogEnd, startOf } from './log-end.js';
import { contentOf, openSegment } from './segment-file.js';
import type { LogFiles, Segment } from './segments.js';
import { isTorn } from './torn-tail.js';

const LF = 0x0a;
const CHUNK_BYTES = 262_144;
const NOTHING = Buffer.alloc(0);

/** How much of a file a reader gets to see. */
export interface ReadableEnd {
  readonly offset: number;
  /** The number after the last record; undefined when the file is damaged and all of it is shown. */
  readonly nextSeq: number | undefined;
}

/**
 * Where reading ends that does not own the log: after the last whole commit, when what follows is being written or is
 * the rest of a write; at the end of the file, when it is damage, so that whoever verifies finds it.
 */
export async function readableEnd(file: OpenFile): Promise<ReadableEnd> {
  const { size } = await file.stat();
  const found = await findEnd(file, size, (await startOf(file)) ?? EMPTY_END);
  if (found === undefined) return { offset: size, nextSeq: undefined };
  const { end, damage } = found;
  if (end.offset === size) return end;
  const isShort = size - end.offset <= MAX_BATCH_BYTES;
  if (isShort && isTorn(await readRange(file, end.offset, size), damage)) return end;
  return { offset: size, nextSeq: undefined };
}

/**
 * Streams the log from the commit that holds `fromSeq`: the segments in the order of their names, then the active file
 * up to `end`. What is missing, or in the wrong place, is passed on as it is.
 */
export async function* readLog(
  files: FileSystem,
  directory: string,
  { active, segments }: LogFiles,
  end: ReadableEnd,
  fromSeq: number,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  const start = active && end.offset > 0 ? await startOf(active) : undefined;
  for (const segment of segmentsFrom(segments, start, fromSeq)) {
    yield* readSegment(files, directory, segment, fromSeq, signal);
  }
  const isBeyond = end.nextSeq !== undefined && fromSeq >= end.nextSeq;
  if (active !== undefined && !isBeyond) yield* readLines(active, end.offset, fromSeq, signal);
}

/** Those that may hold `fromSeq` or what follows it: none, when the active file does. */
function segmentsFrom(
  segments: readonly Segment[],
  start: LogEnd | undefined,
  fromSeq: number,
): readonly Segment[] {
  const first = segments.findLastIndex(({ firstSeq }) => firstSeq <= fromSeq);
  const isInActive = first === segments.length - 1 && start !== undefined && start.nextSeq <= fromSeq;
  const isAfterAll = isInActive && start.nextSeq > (segments.at(-1)?.firstSeq ?? -1);
  return isAfterAll ? [] : segments.slice(Math.max(0, first));
}

async function* readSegment(
  files: FileSystem,
  directory: string,
  { firstSeq, ...names }: Segment,
  fromSeq: number,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  const segment = await openSegment(files, directory, { firstSeq, ...names });
  if (segment === undefined) return;
  try {
    if (segment.isPlain) {
      yield* readLines(segment.file, (await segment.file.stat()).size, fromSeq, signal);
      return;
    }
    const lines = cutAtLines(contentOf(segment, firstSeq), signal);
    yield* fromSeq > firstSeq ? fromCommit(lines, fromSeq) : lines;
  } finally {
    await segment.file.close();
  }
}

/** The lines of a plain file up to `end`, from the commit that holds `fromSeq`. */
async function* readLines(
  file: OpenFile,
  end: number,
  fromSeq: number,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  if (fromSeq <= 0) {
    yield* streamLines(file, 0, end, signal);
    return;
  }
  const start = await lineBefore(file, end, fromSeq, signal);
  yield* fromCommit(streamLines(file, start, end, signal), fromSeq);
}

/** Streams the bytes from `start` to `end` in chunks that end with a line. */
async function* streamLines(
  file: OpenFile,
  start: number,
  end: number,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  for (let at = start; at < end; ) {
    signal.throwIfAborted();
    const bytes = await readRange(file, at, Math.min(end, at + CHUNK_BYTES));
    const lf = bytes.lastIndexOf(LF);
    const chunk = lf < 0 ? bytes : bytes.subarray(0, lf + 1);
    if (chunk.length === 0) return;
    at += chunk.length;
    yield chunk;
  }
}

/** Cuts chunks where a line ends; what is longer than a line may be is passed on as it is. */
async function* cutAtLines(chunks: AsyncIterable<Buffer>, signal: AbortSignal): AsyncGenerator<Buffer> {
  let rest: Buffer = NOTHING;
  for await (const chunk of chunks) {
    signal.throwIfAborted();
    const lf = chunk.indexOf(LF);
    if (lf < 0) {
      rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      if (rest.length <= MAX_RECORD_BYTES) continue;
      yield rest;
      rest = NOTHING;
      continue;
    }
    // Only the line that the last chunk has cut is put together anew: copying all of it would keep the collector busy.
    const start = rest.length === 0 ? 0 : lf + 1;
    if (start > 0) yield Buffer.concat([rest, chunk.subarray(0, start)]);
    const last = chunk.lastIndexOf(LF) + 1;
    const end = chunk.length - last > MAX_RECORD_BYTES ? chunk.length : last;
    if (end > start) yield chunk.subarray(start, end);
    rest = chunk.subarray(end);
  }
  if (rest.length > 0) yield rest;
}

/** Has the next chunk made while one is used: also the first one of the next segment. */
export async function* readAhead(chunks: AsyncGenerator<Buffer>): AsyncGenerator<Uint8Array> {
  let next = chunks.next();
  try {
    for (let chunk = await next; chunk.done !== true; chunk = await next) {
      next = chunks.next();
      // Its failure is for who asks for it, which may be later.
      next.catch(() => undefined);
      yield chunk.value;
    }
  } finally {
    // Nobody waits for it when the reader stops early, and files must not be closed under it.
    await Promise.allSettled([next]);
    await chunks.return(undefined);
  }
}
