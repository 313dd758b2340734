import { constants } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import {
  type Batch,
  CONFIG,
  type EventStore,
  type ListOptions,
  type OpenedStore,
  type StoreErrorCode,
  type StoreHead,
  type Token,
} from '@rynxs/kernel';
import { makeDirectory } from './directory.js';
import { type HeldLock, type TakeLock, takeSqliteLock } from './exclusive-lock.js';
import { type FileSystem, nodeFileSystem, type OpenFile, readRange, syncDirectory } from './file-system.js';
import { EMPTY_END, type LogEnd } from './log-end.js';
import { endOfLog, LogFile } from './log-file.js';
import { findCommit, readableEnd, streamLines } from './log-reader.js';
import { NamedObjects } from './named-objects.js';
import type { FileStoreSettings } from './settings.js';
import { errnoOf, FileStoreError, storeErrorCode } from './store-error.js';
import { droppedTails, moveTailAside } from './torn-tail.js';

export const LOG_FILE = 'operator-events.log';

/** What the store stands on; replaced in tests of failures. */
export interface FileStoreParts {
  readonly files: FileSystem;
  readonly takeLock: TakeLock;
}

interface OpenLog {
  readonly log: LogFile;
  readonly lock: HeldLock;
}

/**
 * The event log in a directory of one host. A commit is one write and one fdatasync of `operator-events.log`.
 *
 * `open` verifies the last commit and that it is chained to the one before; when bytes follow it, everything is
 * verified before they are moved to `operator-events.torn-{seq}`. All else is verified by who reads it: the kernel
 * replays the whole log before it writes.
 */
export class FileEventStore implements EventStore {
  static readonly inject: readonly Token<unknown>[] = [CONFIG];

  readonly location: string;
  readonly #directory: string;
  readonly #files: FileSystem;
  readonly #takeLock: TakeLock;
  readonly #objects: NamedObjects;
  #open: OpenLog | undefined;
  #isClosed = false;
  /** The call that closing waits for; never rejects. */
  #underWay: Promise<unknown> = Promise.resolve();
  #closing: Promise<void> | undefined;

  constructor(
    config: Readonly<Record<string, unknown>>,
    parts: FileStoreParts = { files: nodeFileSystem, takeLock: takeSqliteLock },
  ) {
    this.#directory = resolve((config as FileStoreSettings).dir);
    this.location = pathToFileURL(this.#directory).href;
    this.#files = parts.files;
    this.#takeLock = parts.takeLock;
    this.#objects = new NamedObjects(parts.files, this.#directory);
  }

  open(signal: AbortSignal): Promise<OpenedStore> {
    return this.#oneByOne(signal, async () => {
      await makeDirectory(this.#files, this.#directory);
      const lock = await this.#takeLock(this.#directory);
      let file: OpenFile | undefined;
      try {
        file = await this.#files.open(this.#logPath, constants.O_RDWR | constants.O_CREAT, 0o600);
        await syncDirectory(this.#files, this.#directory);
        await this.#objects.removeUnfinished();
        const end = await this.#recover(file, signal);
        const tails = await droppedTails(this.#files, this.#directory, end.nextSeq);
        this.#open = { log: new LogFile(file, end), lock };
        return { head: headAt(end), droppedTails: tails };
      } catch (error) {
        await allSettled([file?.close(), lock.release()], error);
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
    const file = await this.#openForReading();
    if (file === undefined) return;
    try {
      // The writer knows its end; what stands behind it is being written.
      const end = this.#open?.log.end ?? (await readableEnd(file, await file.size()));
      const start = await findCommit(file, end, fromSeq, signal);
      yield* streamLines(file, start, end.offset, signal);
    } finally {
      await file.close();
    }
  }

  async head(signal: AbortSignal): Promise<StoreHead> {
    this.#check(signal);
    if (this.#open !== undefined) return headAt(this.#open.log.end);
    const file = await this.#openForReading();
    if (file === undefined) return headAt(EMPTY_END);
    try {
      return headAt(await endOfLog(file, await file.size(), signal));
    } finally {
      await file.close();
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
    const open = this.#open;
    this.#open = undefined;
    if (open !== undefined) await allSettled([open.log.close(), open.lock.release()]);
  }

  /** Finds the end, and moves the rest of an unfinished commit aside. Throws Damage, and has changed nothing then. */
  async #recover(file: OpenFile, signal: AbortSignal): Promise<LogEnd> {
    const size = await file.size();
    const end = await endOfLog(file, size, signal);
    if (end.offset === size) return end;
    const bytes = await readRange(file, end.offset, size);
    const tail = { seq: end.nextSeq, offset: end.offset, bytes };
    await moveTailAside(this.#files, this.#directory, file, tail);
    return end;
  }

  async #openForReading(): Promise<OpenFile | undefined> {
    try {
      return await this.#files.open(this.#logPath, 'r');
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return undefined;
      throw error;
    }
  }

  get #logPath(): string {
    return join(this.#directory, LOG_FILE);
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

/** Does all of it, whatever fails; then throws the failures, together with the one that led here. */
async function allSettled(work: readonly (Promise<void> | undefined)[], ...causes: unknown[]): Promise<void> {
  const failures = (await Promise.allSettled(work)).flatMap((outcome) =>
    outcome.status === 'rejected' ? [outcome.reason as unknown] : [],
  );
  if (failures.length === 0) return;
  const [first] = [...causes, ...failures];
  throw causes.length + failures.length === 1
    ? first
    : new AggregateError([...causes, ...failures], String(first));
}
