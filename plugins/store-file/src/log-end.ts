import { ChainVerifier, Damage, MAX_BATCH_BYTES, MAX_RECORD_BYTES, ZERO_HASH } from '@rynxs/log';
import { type OpenFile, readRange } from './file-system.js';
import { readStoredLine, verifiedLine } from './stored-line.js';

/** The end of the last whole commit. */
export interface LogEnd {
  /** Bytes of its file up to there. */
  readonly offset: number;
  readonly nextSeq: number;
  readonly hash: string | undefined;
}

/** How far bytes verified. */
export interface Verified {
  readonly end: LogEnd;
  /** Why it went no further; undefined when the rest is an unfinished commit, or nothing. */
  readonly damage: Damage | undefined;
}

export const EMPTY_END: LogEnd = { offset: 0, nextSeq: 0, hash: undefined };
/** Holds a torn commit, a whole one, and the end of one before, each of the largest size. */
export const END_WINDOW_BYTES = 2 * MAX_BATCH_BYTES + 2 * MAX_RECORD_BYTES;

const LF = 0x0a;
const CHUNK_BYTES = 1_048_576;
/** Mostly the last commits are small. */
const WINDOWS_BYTES = [262_144, END_WINDOW_BYTES] as const;

/**
 * What a file says of the place that it begins at: number and previous hash of its first record, if that has the hash
 * that it carries. Whether it follows what stands in the file before is not looked at.
 */
export async function startOf(file: OpenFile): Promise<LogEnd | undefined> {
  const bytes = await readRange(file, 0, MAX_RECORD_BYTES + 1);
  const lf = bytes.indexOf(LF);
  return lf < 0 ? undefined : startAt(bytes.subarray(0, lf));
}

/** As startOf, of the first line. */
export function startAt(line: Buffer): LogEnd | undefined {
  const first = verifiedLine(line);
  if (first === undefined) return undefined;
  return first.seq === 0 ? EMPTY_END : { offset: 0, nextSeq: first.seq, hash: first.prevHash };
}

/**
 * Finds the end of the last whole commit from the end of a file that begins at `start`, reading a bounded number of
 * bytes: the last commit is verified and chained to the one before, what stands before that is not looked at. Undefined
 * when no whole commit is near the end.
 */
export async function findEnd(file: OpenFile, size: number, start: LogEnd): Promise<Verified | undefined> {
  for (const windowBytes of WINDOWS_BYTES) {
    const windowAt = Math.max(0, size - windowBytes);
    const found = findEndIn(await readRange(file, windowAt, size), windowAt, start);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** As findEnd, in the last bytes of a file, which begin at `windowAt`. */
export function findEndIn(window: Buffer, windowAt: number, start: LogEnd): Verified | undefined {
  return windowAt === 0 ? verifyFrom(window, 0, start) : verifyWindow(window, windowAt);
}

/** Verifies a whole file that begins at `start`, in constant memory. */
export async function verifyFile(
  file: OpenFile,
  size: number,
  start: LogEnd,
  signal: AbortSignal,
): Promise<Verified> {
  const run = new VerifyingRun(start);
  for (let at = 0; at < size && run.damage === undefined; at += CHUNK_BYTES) {
    signal.throwIfAborted();
    run.push(await readRange(file, at, Math.min(size, at + CHUNK_BYTES)));
  }
  return run.finish();
}

/** Begins after the first commit that ends in the window. Undefined when no other one ends there. */
function verifyWindow(window: Buffer, windowAt: number): Verified | undefined {
  let lineStart = window.indexOf(LF) + 1;
  for (;;) {
    const lf = window.indexOf(LF, lineStart);
    if (lineStart === 0 || lf < 0) return undefined;
    const line = readStoredLine(window.subarray(lineStart, lf));
    lineStart = lf + 1;
    if (line?.endsCommit !== true) continue;
    const before = { offset: windowAt + lineStart, nextSeq: line.seq + 1, hash: line.hash };
    const verified = verifyFrom(window, lineStart, before);
    return verified.end === before ? undefined : verified;
  }
}

function verifyFrom(bytes: Buffer, from: number, before: LogEnd): Verified {
  const run = new VerifyingRun(before);
  run.push(bytes.subarray(from));
  return run.finish();
}

/** Verifies onwards from a commit's end, and remembers how far whole commits go. */
export class VerifyingRun {
  damage: Damage | undefined;
  readonly #verifier: ChainVerifier;
  #end: LogEnd;

  constructor(before: LogEnd) {
    this.#end = before;
    this.#verifier = new ChainVerifier({
      fromSeq: before.nextSeq,
      prevHash: before.hash ?? ZERO_HASH,
      onCommit: ({ firstSeq, count, offset, bytes, headHash }) => {
        this.#end = { offset: before.offset + offset + bytes, nextSeq: firstSeq + count, hash: headHash };
      },
    });
  }

  push(bytes: Uint8Array): void {
    this.#unlessDamaged(() => this.#verifier.push(bytes));
  }

  finish(): Verified {
    if (this.damage === undefined) this.#unlessDamaged(() => this.#verifier.finish());
    return { end: this.#end, damage: this.damage };
  }

  #unlessDamaged(work: () => void): void {
    try {
      work();
    } catch (error) {
      if (!(error instanceof Damage)) throw error;
      this.damage = error;
    }
  }
}
