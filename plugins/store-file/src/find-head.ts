import { Damage, type DamageKind, MAX_BATCH_BYTES, MAX_RECORD_BYTES } from '@rynxs/log';
import { type FileSystem, type OpenFile, readRange } from './file-system.js';
import {
  EMPTY_END,
  END_WINDOW_BYTES,
  findEnd,
  findEndIn,
  type LogEnd,
  startAt,
  startOf,
  type Verified,
  VerifyingRun,
  verifyFile,
} from './log-end.js';
import { contentOf, openSegment, type SegmentFile } from './segment-file.js';
import type { LogFiles, Segment } from './segments.js';
import { isTorn } from './torn-tail.js';

const LF = 0x0a;

/** Where the log ends, and where its active file begins. */
export interface FoundHead {
  /** The end of the last whole commit; `offset` counts in the active file. */
  readonly end: LogEnd;
  /** Number of the active file's first record, or of the one that it will begin with. */
  readonly firstSeq: number;
}

/**
 * Where the last whole commit ends. Mostly the end of the active file tells; the last segment is asked when that is
 * empty, or does not end with a whole commit: then all of the active file was verified, and what follows the last one
 * is an unfinished commit. Throws Damage otherwise, also when that commit is known to have been finished, because it is
 * below `knownSize`.
 */
export async function findHead(
  files: FileSystem,
  directory: string,
  { active, segments }: LogFiles,
  signal: AbortSignal,
  knownSize = 0,
): Promise<FoundHead> {
  const size = (await active?.stat())?.size ?? 0;
  if (active !== undefined && size > 0) {
    const start = await startOf(active);
    if (start !== undefined && mayFollow(start, segments.at(-1))) {
      const near = await findEnd(active, size, start);
      if (near?.end.offset === size) return { end: near.end, firstSeq: start.nextSeq };
    }
  }
  const before = await endOfSegments(files, directory, segments.at(-1), signal);
  const { nextSeq: firstSeq } = before;
  if (active === undefined || size === 0) return { end: before, firstSeq };
  const verified = await verifyFile(active, size, before, signal);
  if (verified.end.offset === size) return { end: verified.end, firstSeq };
  return { end: await endBeforeTorn(active, size, verified, knownSize), firstSeq };
}

/** As far as names tell. */
function mayFollow(start: LogEnd, last: Segment | undefined): boolean {
  return last === undefined ? start.nextSeq === 0 : start.nextSeq > last.firstSeq;
}

async function endBeforeTorn(
  active: OpenFile,
  size: number,
  { end, damage }: Verified,
  knownSize: number,
): Promise<LogEnd> {
  const bytes = size - end.offset;
  if (bytes > MAX_BATCH_BYTES) {
    const what = `more than ${MAX_BATCH_BYTES} bytes follow the last whole commit, more than one commit may have`;
    throw damage ?? damageAt('commit_broken', end, what);
  }
  if (!isTorn(await readRange(active, end.offset, size), damage)) throw damage;
  if (end.nextSeq >= knownSize) return end;
  const what = `the log is known to have reached seq ${knownSize - 1}, and of the commit here it has ${bytes} bytes`;
  throw damage ?? damageAt('truncated', end, what);
}

/** Where the segments end, by the last one: it held whole commits when it became one. */
async function endOfSegments(
  files: FileSystem,
  directory: string,
  last: Segment | undefined,
  signal: AbortSignal,
): Promise<LogEnd> {
  const segment = last && (await openSegment(files, directory, last));
  if (last === undefined || segment === undefined) return EMPTY_END;
  try {
    return { ...(await endOfSegment(segment, last.firstSeq, signal)), offset: 0 };
  } finally {
    await segment.file.close();
  }
}

async function endOfSegment(segment: SegmentFile, firstSeq: number, signal: AbortSignal): Promise<LogEnd> {
  const { firstLine, window, size } = await edgesOf(segment, firstSeq, signal);
  const start = mustStartAt(firstSeq, startAt(firstLine), segment);
  const near = findEndIn(window, size - window.length, start);
  if (near?.end.offset === size) return near.end;
  const run = new VerifyingRun(start);
  for await (const chunk of contentOf(segment, firstSeq)) {
    signal.throwIfAborted();
    run.push(chunk);
  }
  const { end, damage } = run.finish();
  throw damage ?? damageAt('commit_broken', end, `${segment.name} ends within a commit, or is too large`);
}

interface Edges {
  readonly firstLine: Buffer;
  /** The last bytes. */
  readonly window: Buffer;
  readonly size: number;
}

/** A compressed segment is read from its start to its end, which happens only when nothing was written since. */
async function edgesOf(segment: SegmentFile, firstSeq: number, signal: AbortSignal): Promise<Edges> {
  if (segment.isPlain) {
    const { size } = await segment.file.stat();
    const firstLine = lineIn(await readRange(segment.file, 0, Math.min(size, MAX_RECORD_BYTES + 1)));
    return {
      firstLine,
      window: await readRange(segment.file, Math.max(0, size - END_WINDOW_BYTES), size),
      size,
    };
  }
  let head: Buffer = Buffer.alloc(0);
  let size = 0;
  const last: Buffer[] = [];
  let lastBytes = 0;
  for await (const chunk of contentOf(segment, firstSeq)) {
    signal.throwIfAborted();
    if (head.length <= MAX_RECORD_BYTES) head = Buffer.concat([head, chunk]);
    size += chunk.length;
    last.push(chunk);
    lastBytes += chunk.length;
    while (lastBytes - (last[0]?.length ?? 0) >= END_WINDOW_BYTES) lastBytes -= last.shift()?.length ?? 0;
  }
  return { firstLine: lineIn(head), window: Buffer.concat(last), size };
}

function lineIn(bytes: Buffer): Buffer {
  const lf = bytes.indexOf(LF);
  return lf < 0 ? bytes : bytes.subarray(0, lf);
}

function mustStartAt(firstSeq: number, start: LogEnd | undefined, { name }: SegmentFile): LogEnd {
  if (start?.nextSeq === firstSeq) return start;
  const at = { offset: 0, nextSeq: firstSeq, hash: undefined };
  if (start === undefined) throw damageAt('malformed', at, `${name} does not begin with a record`);
  const kind = start.nextSeq < firstSeq ? 'duplicate' : 'gap';
  throw damageAt(kind, at, `${name} begins with seq ${start.nextSeq}: it was replaced or renamed`);
}

function damageAt(kind: DamageKind, { nextSeq, offset }: LogEnd, detail: string): Damage {
  const lastGoodSeq = nextSeq === 0 ? undefined : nextSeq - 1;
  return new Damage({ kind, seq: nextSeq, lastGoodSeq, offset, detail });
}
