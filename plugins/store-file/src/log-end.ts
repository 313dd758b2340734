import { ChainVerifier, Damage, MAX_BATCH_BYTES, MAX_RECORD_BYTES, ZERO_HASH } from '@rynxs/log';
import { type OpenFile, readRange } from './file-system.js';
import { readStoredLine } from './stored-line.js';

/** The end of the last whole commit. */
export interface LogEnd {
  /** Bytes up to there. */
  readonly offset: number;
  readonly nextSeq: number;
  readonly hash: string | undefined;
}

/** How far a log verified. */
export interface Verified {
  readonly end: LogEnd;
  /** Why it went no further; undefined when the rest is an unfinished commit, or nothing. */
  readonly damage: Damage | undefined;
}

export const EMPTY_END: LogEnd = { offset: 0, nextSeq: 0, hash: undefined };

const LF = 0x0a;
const VERIFY_CHUNK_BYTES = 1_048_576;
/** Mostly the last commits are small. The larger window holds a torn commit, a whole one, and the end of one before. */
const WINDOWS_BYTES = [262_144, 2 * MAX_BATCH_BYTES + 2 * MAX_RECORD_BYTES] as const;

/**
 * Finds the end of the last whole commit from the end of the file, reading a bounded number of bytes: the last commit
 * is verified and chained to the one before, what stands before that is not looked at. Undefined when no whole commit
 * is near the end.
 */
export async function findEnd(file: OpenFile, size: number): Promise<Verified | undefined> {
  for (const windowBytes of WINDOWS_BYTES) {
    const start = Math.max(0, size - windowBytes);
    const window = await readRange(file, start, size);
    const found = start === 0 ? verifyFrom(window, 0, EMPTY_END) : verifyWindow(window, start);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Verifies the whole file, in constant memory. */
export async function verifyFile(file: OpenFile, size: number, signal: AbortSignal): Promise<Verified> {
  const run = new VerifyingRun(EMPTY_END);
  for (let at = 0; at < size && run.damage === undefined; at += VERIFY_CHUNK_BYTES) {
    signal.throwIfAborted();
    run.push(await readRange(file, at, Math.min(size, at + VERIFY_CHUNK_BYTES)));
  }
  return run.finish();
}

/** Begins after the first commit that ends in the window. Undefined when no other one ends there. */
function verifyWindow(window: Buffer, windowOffset: number): Verified | undefined {
  let lineStart = window.indexOf(LF) + 1;
  for (;;) {
    const lf = window.indexOf(LF, lineStart);
    if (lineStart === 0 || lf < 0) return undefined;
    const line = readStoredLine(window.subarray(lineStart, lf));
    lineStart = lf + 1;
    if (line?.endsCommit !== true) continue;
    const before = { offset: windowOffset + lineStart, nextSeq: line.seq + 1, hash: line.hash };
    const verified = verifyFrom(window, lineStart, before);
    return verified.end === before ? undefined : verified;
  }
}

function verifyFrom(bytes: Buffer, start: number, before: LogEnd): Verified {
  const run = new VerifyingRun(before);
  run.push(bytes.subarray(start));
  return run.finish();
}

/** Verifies onwards from a commit's end, and remembers how far whole commits go. */
class VerifyingRun {
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
