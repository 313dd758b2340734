import { type BigIntStats, constants, fdatasync, fstatSync, statSync, writeSync } from 'node:fs';
import { type FileHandle, link, mkdir, open, readdir, rename, unlink } from 'node:fs/promises';
import { errnoOf } from './store-error.js';

const CHUNK_BYTES = 262_144;

/** The calls that the store makes, so that tests can let each one fail. Failures are Node's, with their `code`. */
export interface FileSystem {
  open(path: string, flags: string | number, mode?: number): Promise<OpenFile>;
  rename(from: string, to: string): Promise<void>;
  /** A second name for a file; fails with EEXIST where the name is taken. */
  link(existing: string, name: string): Promise<void>;
  unlink(path: string): Promise<void>;
  mkdir(path: string, mode: number): Promise<void>;
  readdir(path: string): Promise<readonly DirectoryEntry[]>;
  stat(path: string): Promise<FileStatus>;
}

export interface FileStatus {
  readonly size: number;
  /** Tells a file from all others that exist; names of one file have the same. */
  readonly identity: string;
}

export interface DirectoryEntry {
  readonly name: string;
  readonly isDirectory: boolean;
}

export interface OpenFile {
  /** Writes at `position`; resolves with how many bytes were taken, which may be fewer than given. */
  write(bytes: Uint8Array, position: number): Promise<number>;
  /** Reads into `target` from `position`; resolves with how many bytes there were, 0 at the end. */
  read(target: Uint8Array, position: number): Promise<number>;
  stat(): Promise<FileStatus>;
  truncate(bytes: number): Promise<void>;
  /** fdatasync: the data, and the size that is needed to read it, are durable. */
  dataSync(): Promise<void>;
  /** fsync; for a directory, its entries are durable. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

export const nodeFileSystem: FileSystem = {
  open: async (path, flags, mode) => new NodeFile(await open(path, flags, mode)),
  rename,
  link,
  unlink,
  mkdir: async (path, mode) => {
    await mkdir(path, { mode });
  },
  readdir: async (path) => {
    const entries = await readdir(path, { withFileTypes: true });
    return entries.map((entry) => ({ name: entry.name, isDirectory: entry.isDirectory() }));
  },
  // Asked before every append: the system has the answer in memory, a trip through the thread pool costs more.
  stat: async (path) => statusOf(statSync(path, { bigint: true })),
};

function statusOf({ size, dev, ino }: BigIntStats): FileStatus {
  return { size: Number(size), identity: `${dev}:${ino}` };
}

/** Up to here a write is done at once, beyond it in the thread pool. */
const SMALL_BYTES = 16_384;

class NodeFile implements OpenFile {
  readonly #handle: FileHandle;

  constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  async write(bytes: Uint8Array, position: number): Promise<number> {
    // A copy into the page cache, less than the way to the thread pool and back takes; the sync that follows waits there.
    if (bytes.length <= SMALL_BYTES) return writeSync(this.#handle.fd, bytes, 0, bytes.length, position);
    return (await this.#handle.write(bytes, 0, bytes.length, position)).bytesWritten;
  }

  async read(target: Uint8Array, position: number): Promise<number> {
    return (await this.#handle.read(target, 0, target.length, position)).bytesRead;
  }

  async stat(): Promise<FileStatus> {
    return statusOf(fstatSync(this.#handle.fd, { bigint: true }));
  }

  truncate(bytes: number): Promise<void> {
    return this.#handle.truncate(bytes);
  }

  dataSync(): Promise<void> {
    // Asked for with every commit, so without the layers of FileHandle.
    return new Promise((resolve, reject) => {
      fdatasync(this.#handle.fd, (error) => (error === null ? resolve() : reject(error)));
    });
  }

  sync(): Promise<void> {
    return this.#handle.sync();
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}

/** Opens directories and nothing else. */
export const DIRECTORY = constants.O_RDONLY | constants.O_DIRECTORY;

/** Undefined when there is no file of that name. */
export async function openIfThere(
  files: FileSystem,
  path: string,
  flags: string | number,
): Promise<OpenFile | undefined> {
  return unlessMissing(files.open(path, flags));
}

export async function statIfThere(files: FileSystem, path: string): Promise<FileStatus | undefined> {
  return unlessMissing(files.stat(path));
}

export async function unlinkIfThere(files: FileSystem, path: string): Promise<void> {
  await unlessMissing(files.unlink(path));
}

async function unlessMissing<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Reads exactly the bytes from `start` to `end`, or fewer where the file ends before. */
export async function readRange(file: OpenFile, start: number, end: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(Math.max(0, end - start));
  let length = 0;
  while (length < bytes.length) {
    const read = await file.read(bytes.subarray(length), start + length);
    if (read === 0) break;
    length += read;
  }
  return bytes.subarray(0, length);
}

/** A file from its start to its end, in chunks of a bounded size. */
export async function* chunksOf(file: OpenFile): AsyncGenerator<Buffer> {
  for (let at = 0; ; ) {
    const chunk = await readRange(file, at, at + CHUNK_BYTES);
    if (chunk.length === 0) return;
    at += chunk.length;
    yield chunk;
  }
}

/** For files whose size is bounded. */
export async function readWhole(file: OpenFile): Promise<Buffer> {
  return readRange(file, 0, (await file.stat()).size);
}

export async function writeAll(file: OpenFile, bytes: Uint8Array, position: number): Promise<void> {
  let written = 0;
  while (written < bytes.length) written += await file.write(bytes.subarray(written), position + written);
}

/** Opens a file, of its owner alone where it is new, and closes it when the work is done. */
export async function withFile<T>(
  files: FileSystem,
  path: string,
  flags: string | number,
  work: (file: OpenFile) => Promise<T>,
): Promise<T> {
  const file = await files.open(path, flags, 0o600);
  try {
    return await work(file);
  } finally {
    await file.close();
  }
}

/** Writes a new file and makes its bytes durable; its name is not yet. */
export async function writeDurably(files: FileSystem, path: string, bytes: Uint8Array): Promise<void> {
  await withFile(files, path, 'w', async (file) => {
    await writeAll(file, bytes, 0);
    await file.sync();
  });
}

/** Makes the names in a directory durable. */
export async function syncDirectory(files: FileSystem, path: string): Promise<void> {
  await withFile(files, path, DIRECTORY, (directory) => directory.sync());
}
