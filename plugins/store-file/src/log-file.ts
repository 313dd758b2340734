import type { Batch } from '@rynxs/kernel';
import { Damage, MAX_BATCH_BYTES, recordParts } from '@rynxs/log';
import { type OpenFile, readRange, writeAll } from './file-system.js';
import { findEnd, type LogEnd, verifyFile } from './log-end.js';
import { FileStoreError, storeErrorCode } from './store-error.js';
import { isTorn } from './torn-tail.js';

const LF = 0x0a;

/** The file of a log that is open for writing, and where its durable commits end. */
export class LogFile {
  readonly #file: OpenFile;
  #end: LogEnd;
  /** Why nobody knows any more what is durable. */
  #poison: FileStoreError | undefined;

  constructor(file: OpenFile, end: LogEnd) {
    this.#file = file;
    this.#end = end;
  }

  get end(): LogEnd {
    return this.#end;
  }

  /** One write, then fdatasync. See EventStore.append for the outcomes. */
  async append(batch: Batch): Promise<void> {
    if (this.#poison !== undefined) throw this.#poison;
    const { offset, nextSeq } = this.#end;
    if (batch.firstSeq !== nextSeq) {
      throw new FileStoreError('conflict', `seq ${nextSeq} is the next one, not ${batch.firstSeq}`);
    }
    const after = {
      offset: offset + batch.bytes.length,
      nextSeq: nextSeq + batch.count,
      hash: lastHash(batch),
    };
    // Whoever deleted the lock of a running operator let another one in: never write over what that one wrote.
    const size = await this.#file.size();
    if (size !== offset) {
      throw new FileStoreError(
        'conflict',
        `the log has ${size} bytes instead of ${offset}: another process wrote it`,
      );
    }
    await this.#write(batch.bytes, offset);
    try {
      await this.#file.dataSync();
    } catch (error) {
      // After a failed fsync the system may drop the pages and report the next one as good.
      throw this.#poisonWith('a commit could not be made durable', error);
    }
    this.#end = after;
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  async #write(bytes: Uint8Array, offset: number): Promise<void> {
    try {
      await writeAll(this.#file, bytes, offset);
    } catch (error) {
      const code = storeErrorCode(error);
      if (code !== 'full' && code !== 'denied')
        throw this.#poisonWith('a commit could not be written', error);
      await this.#takeBack(offset, error);
      throw error;
    }
  }

  /** Cuts off what was written of a batch that does not fit. */
  async #takeBack(offset: number, cause: unknown): Promise<void> {
    try {
      if ((await this.#file.size()) === offset) return;
      await this.#file.truncate(offset);
      // Else a crash could bring it back behind, or mixed with, the next commit.
      await this.#file.dataSync();
    } catch (error) {
      const both = new AggregateError([cause, error], 'a write failed, and taking it back too');
      throw this.#poisonWith('part of a commit could not be removed', both);
    }
  }

  #poisonWith(what: string, cause: unknown): FileStoreError {
    const reason = cause instanceof Error ? cause.message : String(cause);
    this.#poison = new FileStoreError('poisoned', `${what} (${reason}); the store must be opened again`, {
      cause,
    });
    return this.#poison;
  }
}

/**
 * Where the last whole commit ends. When bytes follow it, everything before was verified and they are an unfinished
 * commit. Throws Damage otherwise.
 */
export async function endOfLog(file: OpenFile, size: number, signal: AbortSignal): Promise<LogEnd> {
  const near = await findEnd(file, size);
  if (near?.end.offset === size) return near.end;
  const { end, damage } = await verifyFile(file, size, signal);
  if (end.offset === size) return end;
  if (size - end.offset <= MAX_BATCH_BYTES && isTorn(await readRange(file, end.offset, size), damage))
    return end;
  throw damage ?? tooLong(end);
}

function tooLong(end: LogEnd): Damage {
  return new Damage({
    kind: 'commit_broken',
    seq: end.nextSeq,
    lastGoodSeq: end.nextSeq === 0 ? undefined : end.nextSeq - 1,
    offset: end.offset,
    detail: `more than ${MAX_BATCH_BYTES} bytes follow the last whole commit, more than one commit may have`,
  });
}

function lastHash({ bytes, firstSeq }: Batch): string {
  const lines = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const hash = recordParts(lines.subarray(lines.lastIndexOf(LF, -2) + 1))?.hash;
  if (hash === undefined) throw new TypeError(`the batch at seq ${firstSeq} does not end with a record`);
  return hash;
}
