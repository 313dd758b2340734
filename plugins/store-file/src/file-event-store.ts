import { constants } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import {
  type Batch,
  CONFIG,
  type EventStore,
  type ListOptions,
  LOGGER,
  type Logger,
  type OpenedStore,
  type OpenOptions,
  type StoreErrorCode,
  type StoreHead,
  TELEMETRY,
  type Telemetry,
  type Token,
} from '@rynxs/kernel';
import { MAX_BATCH_BYTES } from '@rynxs/log';
import { makeDirectory } from './directory.js';
import { DiskUsage } from './disk-usage.js';
import { type HeldLock, type TakeLock, takeSqliteLock } from './exclusive-lock.js';
import { isUnfinished, plainName } from './file-names.js';
import { type FileSystem, nodeFileSystem, readRange, syncDirectory, unlinkIfThere } from './file-system.js';
import { findHead } from './find-head.js';
import type { LogEnd } from './log-end.js';
import { LogFile } from './log-file.js';
import { type ReadableEnd, readAhead, readableEnd, readLog } from './log-reader.js';
import { NamedObjects } from './named-objects.js';
import { SegmentCompressor } from './segment-compressor.js';
import { type LogFiles, openLogFiles } from './segments.js';
import { DEFAULT_SEGMENT_BYTES, type FileStoreSettings } from './settings.js';
import { settleAll } from './settle-all.js';
import { FileStoreError, storeErrorCode } from './store-error.js';
import { droppedTails, moveTailAside } from './torn-tail.js';

const MAX_TRAILING_BYTES = 2 * MAX_BATCH_BYTES;
const NOTHING: ReadableEnd = { offset: 0, nextSeq: undefined };

/** What the store stands on; replaced in tests of failures. */
export interface FileStoreParts {
  readonly files: FileSystem;
  readonly takeLock: TakeLock;
}

interface OpenLog {
  readonly log: LogFile;
  readonly compressor: SegmentCompressor;
  readonly lock: HeldLock;
}

/**
 * The event log in a directory of one host. A commit is one write and one fdatasync of `operator-events.log`. When
 * that is full it becomes a segment, `operator-events.{firstSeq}.log`, which is compressed beside the appends.
 *
 * `open` verifies the last commit and that it is chained to the one before; when bytes follow it, all of the active
 * file is verified before they are moved to `operator-events.torn-{seq}`. All else is verified by who reads it.
 */
export class FileEventStore implements EventStore {
  static readonly inject: readonly Token<unknown>[] = [CONFIG, LOGGER, TELEMETRY];

  readonly location: string;
  readonly #directory: string;
  readonly #segmentBytes: number;
  readonly #logger: Logger | undefined;
  readonly #files: FileSystem;
  readonly #takeLock: TakeLock;
  readonly #objects: NamedObjects;
  readonly #usage: DiskUsage | undefined;
  #open: OpenLog | undefined;
  #isClosed = false;
  /** The call that closing waits for; never rejects. */
  #underWay: Promise<unknown> = Promise.resolve();
  #closing: Promise<void> | undefined;

  constructor(
    config: Readonly<Record<string, unknown>>,
    logger?: Logger,
    telemetry?: Telemetry,
    parts: FileStoreParts = { files: nodeFileSystem, takeLock: takeSqliteLock },
  ) {
    const { dir, segmentSize = DEFAULT_SEGMENT_BYTES } = config as Partial<FileStoreSettings> & {
      dir: string;
    };
    this.#directory = resolve(dir);
    this.#segmentBytes = segmentSize;
    this.location = pathToFileURL(this.#directory).href;
    this.#logger = logger;
    this.#files = parts.files;
    this.#takeLock = parts.takeLock;
    this.#objects = new NamedObjects(parts.files, this.#directory);
    this.#usage = telemetry && new DiskUsage(telemetry, this.#directory);
  }

  open(signal: AbortSignal, { knownSize = 0 }: OpenOptions = {}): Promise<OpenedStore> {
    return this.#oneByOne(signal, async () => {
      await makeDirectory(this.#files, this.#directory);
      void this.#usage?.measure();
      const lock = await this.#takeLock(this.#directory);
      try {
        return await this.#openLocked(lock, knownSize, signal);
      } catch (error) {
        await settleAll([lock.release()], error);
        throw error;
      }
    });
  }

  append(batch: Batch, signal: AbortSignal): Promise<void> {
    return this.#oneByOne(signal, async () => {
      if (this.#open === undefined) throw new FileStoreError('closed', 'the store is not open for writing');
      await this.#open.log.append(batch);
    });
  }

  async *read(fromSeq: number, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    this.#check(signal);
    const logFiles = await openLogFiles(this.#files, this.#directory);
    try {
      const end = await this.#readableEnd(logFiles);
      yield* readAhead(readLog(this.#files, this.#directory, logFiles, end, fromSeq, signal));
    } finally {
      await logFiles.active?.close();
    }
  }

  async head(signal: AbortSignal): Promise<StoreHead> {
    this.#check(signal);
    if (this.#open !== undefined) return headAt(this.#open.log.end);
    const logFiles = await openLogFiles(this.#files, this.#directory);
    try {
      return headAt((await findHead(this.#files, this.#directory, logFiles, signal)).end);
    } finally {
      await logFiles.active?.close();
    }
  }

  async trailing(signal: AbortSignal): Promise<Uint8Array> {
    this.#check(signal);
    const logFiles = await openLogFiles(this.#files, this.#directory);
    const { active } = logFiles;
    try {
      const { offset } = await this.#readableEnd(logFiles);
      return active === undefined
        ? Buffer.alloc(0)
        : await readRange(active, offset, offset + MAX_TRAILING_BYTES);
    } finally {
      await active?.close();
    }
  }

  createObject(name: string, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    return this.#checked(signal, () => this.#objects.create(name, bytes));
  }

  readObject(name: string, signal: AbortSignal): Promise<Uint8Array | undefined> {
    return this.#checked(signal, () => this.#objects.read(name));
  }

  listObjects(prefix: string, signal: AbortSignal, options?: ListOptions): Promise<readonly string[]> {
    return this.#checked(signal, () => this.#objects.list(prefix, options));
  }

  close(): Promise<void> {
    this.#isClosed = true;
    this.#closing ??= this.#close();
    return this.#closing;
  }

  errorCode(error: unknown): StoreErrorCode {
    return storeErrorCode(error);
  }

  async #close(): Promise<void> {
    await this.#underWay;
    this.#usage?.[Symbol.dispose]();
    const open = this.#open;
    this.#open = undefined;
    if (open === undefined) return;
    await open.compressor.close();
    await settleAll([open.log.close(), open.lock.release()]);
  }

  async #openLocked(lock: HeldLock, knownSize: number, signal: AbortSignal): Promise<OpenedStore> {
    const files = this.#files;
    const directory = this.#directory;
    const logFiles = await openLogFiles(files, directory, constants.O_RDWR);
    try {
      const { end, firstSeq } = await findHead(files, directory, logFiles, signal, knownSize);
      await this.#tidyUp(logFiles, end);
      const tails = await droppedTails(files, directory, end.nextSeq);
      const compressor = new SegmentCompressor(files, directory, this.#logger);
      const { active } = logFiles;
      const log = new LogFile({
        files,
        directory,
        active: active && { file: active, identity: (await active.stat()).identity },
        end,
        firstSeq,
        segmentBytes: this.#segmentBytes,
        logger: this.#logger,
        onRotated: (beforeSeq) => compressor.start(beforeSeq),
      });
      compressor.start(firstSeq);
      this.#open = { log, compressor, lock };
      return { head: headAt(end), droppedTails: tails };
    } catch (error) {
      await settleAll([logFiles.active?.close()], error);
      throw error;
    }
  }

  /** Moves the rest of an unfinished commit aside, and removes what else a crash has left. */
  async #tidyUp({ active, ownSegment }: LogFiles, { offset, nextSeq }: LogEnd): Promise<void> {
    const files = this.#files;
    const directory = this.#directory;
    const size = (await active?.stat())?.size ?? 0;
    if (active !== undefined && size > offset) {
      const bytes = await readRange(active, offset, size);
      await moveTailAside(files, directory, active, { seq: nextSeq, offset, bytes });
    }
    if (ownSegment !== undefined) await files.unlink(join(directory, plainName(ownSegment.firstSeq)));
    for (const { name } of await files.readdir(directory)) {
      if (isUnfinished(name)) await unlinkIfThere(files, join(directory, name));
    }
    // What is there may not be durable: the process that wrote it has ended somewhere. Nothing is built on it before.
    await active?.sync();
    await syncDirectory(files, directory);
  }

  /** How much of the active file may be read. The writer knows; what stands behind its end is being written. */
  async #readableEnd({ active }: LogFiles): Promise<ReadableEnd> {
    if (active === undefined) return NOTHING;
    const { identity } = await active.stat();
    const log = this.#open?.log;
    if (log !== undefined && log.identity === identity) return log.end;
    return readableEnd(active);
  }

  /** Two appends at once would write to the same place. */
  async #oneByOne<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    this.#check(signal);
    const done = this.#underWay.then(work);
    this.#underWay = done.catch(() => undefined);
    return done;
  }

  async #checked<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    this.#check(signal);
    return work();
  }

  #check(signal: AbortSignal): void {
    if (this.#isClosed) throw new FileStoreError('closed', 'the store is closed');
    signal.throwIfAborted();
  }
}

function headAt({ nextSeq, hash }: LogEnd): StoreHead {
  return { nextSeq, hash };
}
