import { join } from 'node:path';
import type { Batch, Logger } from '@rynxs/kernel';
import { recordParts } from '@rynxs/log';
import { LOG_FILE } from './file-names.js';
import { type FileSystem, type OpenFile, writeAll } from './file-system.js';
import type { LogEnd } from './log-end.js';
import { type ActiveFile, createActiveFile, NotRotated, replaceActiveFile } from './rotation.js';
import { FileStoreError, storeErrorCode } from './store-error.js';

const LF = 0x0a;
/** After a failed rotation the next one is tried when the file has grown by this part of a segment. */
const RETRY_SEGMENT_PARTS = 16;

export interface LogFileOptions {
  readonly files: FileSystem;
  readonly directory: string;
  /** The active file; undefined when there is none: the first append makes it. */
  readonly active: ActiveFile | undefined;
  /** Where the durable commits end; `offset` counts in the active file. */
  readonly end: LogEnd;
  /** Number of the active file's first record. */
  readonly firstSeq: number;
  /** A commit that would make the active file larger begins the next one. */
  readonly segmentBytes: number;
  readonly logger: Logger | undefined;
  /** Called when the active file has become a segment; all segments begin before this number. */
  readonly onRotated: (firstSeq: number) => void;
}

/** The active file of a log that is open for writing, and where its durable commits end. */
export class LogFile {
  readonly #options: LogFileOptions;
  readonly #path: string;
  #active: ActiveFile | undefined;
  #end: LogEnd;
  #firstSeq: number;
  /** The size from which on rotation is tried. */
  #rotateAtBytes: number;
  /** Why nobody knows any more what is durable. */
  #poison: FileStoreError | undefined;

  /** The log closes the active file. */
  constructor(options: LogFileOptions) {
    this.#options = options;
    this.#path = join(options.directory, LOG_FILE);
    this.#active = options.active;
    this.#end = options.end;
    this.#firstSeq = options.firstSeq;
    this.#rotateAtBytes = options.segmentBytes;
  }

  get end(): LogEnd {
    return this.#end;
  }

  /** Which file `end` is about; undefined when there is none. */
  get identity(): string | undefined {
    return this.#active?.identity;
  }

  /** One write, then fdatasync. See EventStore.append for the outcomes. */
  async append(batch: Batch): Promise<void> {
    if (this.#poison !== undefined) throw this.#poison;
    const { nextSeq } = this.#end;
    if (batch.firstSeq !== nextSeq) {
      throw new FileStoreError('conflict', `seq ${nextSeq} is the next one, not ${batch.firstSeq}`);
    }
    const hash = lastHash(batch);
    const file = await this.#fileFor(batch.bytes.length);
    const { offset } = this.#end;
    await this.#write(file, batch.bytes, offset);
    try {
      await file.dataSync();
    } catch (error) {
      // After a failed fsync the system may drop the pages and report the next one as good.
      throw this.#poisonWith('a commit could not be made durable', error);
    }
    this.#end = { offset: offset + batch.bytes.length, nextSeq: nextSeq + batch.count, hash };
  }

  async close(): Promise<void> {
    await this.#active?.file.close();
  }

  /** The file that the next commit goes to, and which only this process has written. */
  async #fileFor(bytes: number): Promise<OpenFile> {
    const active = this.#active ?? (await this.#create());
    const { offset } = this.#end;
    // Whoever deleted the lock of a running operator let another one in: never write over, or into a file that is no
    // longer the log, what that one wrote.
    const { size, identity } = await this.#options.files.stat(this.#path);
    if (size !== offset || identity !== active.identity) {
      const found = identity === active.identity ? `${size} bytes instead of ${offset}` : 'been replaced';
      throw new FileStoreError('conflict', `the log has ${found}: another process wrote it`);
    }
    if (offset === 0 || offset + bytes <= this.#rotateAtBytes) return active.file;
    return this.#rotate(active.file);
  }

  async #create(): Promise<ActiveFile> {
    const { files, directory } = this.#options;
    try {
      this.#active = await createActiveFile(files, directory);
      return this.#active;
    } catch (error) {
      if (storeErrorCode(error) === 'poisoned') this.#poison = error as FileStoreError;
      throw error;
    }
  }

  /** Makes a segment of the full file. When that cannot be done, the log goes on in it. */
  async #rotate(full: OpenFile): Promise<OpenFile> {
    const { files, directory, logger, onRotated } = this.#options;
    let next: ActiveFile;
    try {
      next = await replaceActiveFile(files, directory, full, this.#firstSeq);
    } catch (error) {
      if (!(error instanceof NotRotated))
        throw this.#poisonWith('the next file of the log could not be begun', error);
      this.#rotateLater(error);
      return full;
    }
    this.#active = next;
    this.#end = { ...this.#end, offset: 0 };
    this.#firstSeq = this.#end.nextSeq;
    this.#rotateAtBytes = this.#options.segmentBytes;
    onRotated(this.#firstSeq);
    try {
      await full.close();
    } catch (error) {
      // All that it held was made durable, commit by commit.
      logger?.warn('A full file of the log could not be closed', { error });
    }
    return next.file;
  }

  #rotateLater(error: NotRotated): void {
    const { segmentBytes, logger } = this.#options;
    const retryBytes = Math.ceil(segmentBytes / RETRY_SEGMENT_PARTS);
    this.#rotateAtBytes = error.isFinal ? Number.POSITIVE_INFINITY : this.#end.offset + retryBytes;
    logger?.warn('The log goes on in a file that is full', {
      path: this.#path,
      bytes: this.#end.offset,
      until: error.isFinal ? 'the store is opened again' : `it has ${this.#rotateAtBytes} bytes`,
      error,
    });
  }

  async #write(file: OpenFile, bytes: Uint8Array, offset: number): Promise<void> {
    try {
      await writeAll(file, bytes, offset);
    } catch (error) {
      const code = storeErrorCode(error);
      if (code !== 'full' && code !== 'denied')
        throw this.#poisonWith('a commit could not be written', error);
      await this.#takeBack(file, offset, error);
      throw error;
    }
  }

  /** Cuts off what was written of a batch that does not fit. */
  async #takeBack(file: OpenFile, offset: number, cause: unknown): Promise<void> {
    try {
      if ((await file.stat()).size === offset) return;
      await file.truncate(offset);
      // Else a crash could bring it back behind, or mixed with, the next commit.
      await file.dataSync();
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

function lastHash({ bytes, firstSeq }: Batch): string {
  const lines = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const hash = recordParts(lines.subarray(lines.lastIndexOf(LF, -2) + 1))?.hash;
  if (hash === undefined) throw new TypeError(`the batch at seq ${firstSeq} does not end with a record`);
  return hash;
}
