import { constants } from 'node:fs';
import { basename, dirname } from 'node:path';
import {
  DIRECTORY,
  type DirectoryEntry,
  type FileStatus,
  type FileSystem,
  type OpenFile,
} from '../file-system.js';

const SECTOR_BYTES = 512;

/** One call to the disk, as faults are told about it. */
export interface DiskCall {
  /** Counts from 0. */
  readonly index: number;
  readonly name: 'open' | 'rename' | 'link' | 'unlink' | 'mkdir' | 'readdir' | 'stat' | keyof OpenFile;
  readonly path: string;
}

/**
 * What happens at a call: nothing, an error that the call fails with, or the end of the process, before the call took
 * effect or after. Of a write that fails or is cut short by the end, `writtenBytes` are taken first.
 */
export type Fault =
  | { readonly error: NodeJS.ErrnoException; readonly writtenBytes?: number }
  | { readonly crash: 'before'; readonly writtenBytes?: number }
  | { readonly crash: 'after' };

/** What a call of a process that has ended rejects with. */
export class ProcessEnded extends Error {
  override readonly name = 'ProcessEnded';
}

/** An error as Node's file system makes it. */
export function errnoError(code: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: simulated`), { code });
}

let inodes = 0;

class Inode {
  readonly identity = String(inodes++);
  durable = Buffer.alloc(0);
  current = Buffer.alloc(0);

  get status(): FileStatus {
    return { size: this.current.length, identity: this.identity };
  }

  sync(): void {
    this.durable = Buffer.from(this.current);
  }

  /**
   * Of what was not synced, each sector may or may not have reached the disk. A file that grew may have any size on
   * the way; cutting it off happened or did not.
   */
  loseUnsynced(random: () => number): void {
    const { durable, current } = this;
    const sizes = [durable.length, current.length];
    if (current.length > durable.length) sizes.push(between(durable.length, current.length, random));
    const survivor = Buffer.alloc(sizes[Math.floor(random() * sizes.length)] ?? 0);
    durable.copy(survivor);
    for (let at = 0; at < survivor.length; at += SECTOR_BYTES) {
      if (random() < 0.5 && at < current.length) current.copy(survivor, at, at, at + SECTOR_BYTES);
    }
    this.durable = survivor;
    this.current = Buffer.from(survivor);
  }
}

type Entry = Inode | 'directory';

/**
 * A disk of which only what was synced survives a crash: file contents by (f)datasync, names by fsync of their
 * directory. Every call can be made to fail, or to be the last of its process.
 */
export class SimulatedDisk implements FileSystem {
  #durable = new Map<string, Entry>([['/', 'directory']]);
  #current = new Map<string, Entry>([['/', 'directory']]);
  #calls = 0;
  #hasEnded = false;
  #processes = 0;
  faultAt: (call: DiskCall) => Fault | undefined = () => undefined;

  /** False between a fault that ends the process and the beginning of the next one. */
  get isAlive(): boolean {
    return !this.#hasEnded;
  }

  get calls(): number {
    return this.#calls;
  }

  /** The disk for the process that lives now: what is left of it makes no call when the next one has begun. */
  process(): FileSystem {
    const process = this.#processes;
    return guarded(this, () => {
      if (process !== this.#processes) throw new ProcessEnded();
    });
  }

  /** Ends the process, loses nothing, and lets a new one begin. */
  kill(): void {
    this.#hasEnded = false;
    this.#calls = 0;
    this.#processes++;
    this.faultAt = () => undefined;
  }

  /** Ends the process, loses a random part of what was not synced, and lets a new one begin. */
  crash(random: () => number): void {
    // A directory comes before what is in it: that is lost with its name.
    for (const path of [...new Set([...this.#durable.keys(), ...this.#current.keys()])].sort()) {
      const survivor = random() < 0.5 ? this.#current.get(path) : this.#durable.get(path);
      const parent = this.#durable.get(dirname(path));
      if (survivor === undefined || parent === undefined) this.#durable.delete(path);
      else this.#durable.set(path, survivor);
    }
    this.#current = new Map(this.#durable);
    for (const inode of new Set(this.#current.values()))
      if (inode !== 'directory') inode.loseUnsynced(random);
    this.kill();
  }

  /** Names of the files in a directory, in their order. */
  names(directory: string): readonly string[] {
    return [...this.#current.keys()]
      .filter((path) => path !== directory && dirname(path) === directory)
      .map((path) => basename(path))
      .sort();
  }

  /** The bytes of a file as processes see it; undefined when there is none. */
  contents(path: string): Buffer | undefined {
    const entry = this.#current.get(path);
    return entry instanceof Inode ? Buffer.from(entry.current) : undefined;
  }

  async open(path: string, flags: string | number): Promise<OpenFile> {
    return this.#call('open', path, () => {
      const entry = this.#current.get(path);
      const isTruncating = flags === 'w' || flags === 'w+';
      const isCreating = isTruncating || (typeof flags === 'number' && (flags & constants.O_CREAT) !== 0);
      if (entry === 'directory') return this.#openDirectory(path);
      if (entry !== undefined && flags === DIRECTORY) throw errnoError('ENOTDIR');
      if (entry === undefined && !isCreating) throw errnoError('ENOENT');
      const inode = entry ?? new Inode();
      if (entry === undefined) this.#add(path, inode);
      if (isTruncating) inode.current = Buffer.alloc(0);
      return this.#openFile(path, inode);
    });
  }

  async rename(from: string, to: string): Promise<void> {
    this.#call('rename', to, () => {
      this.#add(to, this.#mustFind(from));
      this.#current.delete(from);
    });
  }

  async link(existing: string, name: string): Promise<void> {
    this.#call('link', name, () => {
      if (this.#current.has(name)) throw errnoError('EEXIST');
      this.#add(name, this.#mustFind(existing));
    });
  }

  async unlink(path: string): Promise<void> {
    this.#call('unlink', path, () => {
      this.#mustFind(path);
      this.#current.delete(path);
    });
  }

  async mkdir(path: string): Promise<void> {
    this.#call('mkdir', path, () => {
      if (this.#current.has(path)) throw errnoError('EEXIST');
      this.#add(path, 'directory');
    });
  }

  async readdir(path: string): Promise<readonly DirectoryEntry[]> {
    return this.#call('readdir', path, () => {
      this.#mustFind(path);
      return [...this.#current]
        .filter(([name]) => name !== path && dirname(name) === path)
        .map(([name, entry]) => ({ name: basename(name), isDirectory: entry === 'directory' }));
    });
  }

  async stat(path: string): Promise<FileStatus> {
    return this.#call('stat', path, () => {
      const entry = this.#mustFind(path);
      return entry === 'directory' ? { size: 0, identity: path } : entry.status;
    });
  }

  #openDirectory(path: string): OpenFile {
    const refuse = async (): Promise<never> => {
      throw errnoError('EISDIR');
    };
    return {
      read: refuse,
      write: refuse,
      truncate: refuse,
      dataSync: refuse,
      stat: refuse,
      sync: async () => this.#call('sync', path, () => this.#syncNames(path)),
      close: async () => this.#call('close', path),
    };
  }

  #syncNames(directory: string): void {
    for (const name of new Set([...this.#durable.keys(), ...this.#current.keys()])) {
      if (name === directory || dirname(name) !== directory) continue;
      const entry = this.#current.get(name);
      if (entry === undefined) this.#durable.delete(name);
      else this.#durable.set(name, entry);
    }
  }

  #openFile(path: string, inode: Inode): OpenFile {
    const sync = (name: 'sync' | 'dataSync') => async () => this.#call(name, path, () => inode.sync());
    return {
      write: async (bytes, position) => {
        const take = (limit?: number) => write(inode, bytes.subarray(0, limit), position);
        this.#call('write', path, take, take);
        return bytes.length;
      },
      read: async (target, position) =>
        this.#call('read', path, () => inode.current.copy(target, 0, position)),
      stat: async () => this.#call('stat', path, () => inode.status),
      truncate: async (bytes) =>
        this.#call('truncate', path, () => {
          inode.current = Buffer.from(inode.current.subarray(0, bytes));
        }),
      sync: sync('sync'),
      dataSync: sync('dataSync'),
      close: async () => this.#call('close', path),
    };
  }

  #call(name: DiskCall['name'], path: string): void;
  #call<T>(name: DiskCall['name'], path: string, effect: () => T, part?: (bytes: number) => void): T;
  #call<T>(
    name: DiskCall['name'],
    path: string,
    effect?: () => T,
    part?: (bytes: number) => void,
  ): T | undefined {
    if (this.#hasEnded) throw new ProcessEnded();
    const fault = this.faultAt({ index: this.#calls++, name, path });
    if (fault === undefined) return effect?.();
    if ('writtenBytes' in fault) part?.(fault.writtenBytes ?? 0);
    if ('error' in fault) throw fault.error;
    this.#hasEnded = true;
    if (fault.crash === 'after') effect?.();
    throw new ProcessEnded();
  }

  #add(path: string, entry: Entry): void {
    if (this.#current.get(dirname(path)) !== 'directory') throw errnoError('ENOENT');
    this.#current.set(path, entry);
  }

  #mustFind(path: string): Entry {
    const entry = this.#current.get(path);
    if (entry === undefined) throw errnoError('ENOENT');
    return entry;
  }
}

function write(inode: Inode, bytes: Uint8Array, position: number): void {
  const size = Math.max(inode.current.length, position + bytes.length);
  const current = Buffer.alloc(size);
  inode.current.copy(current);
  current.set(bytes, position);
  inode.current = current;
}

function between(a: number, b: number, random: () => number): number {
  return a + Math.floor(random() * (b - a + 1));
}

/** The same object for one process: every call asks first whether that is still alive. */
function guarded<T extends object>(target: T, mustLive: () => void): T {
  return new Proxy(target, {
    get: (object, key) => {
      const method: unknown = Reflect.get(object, key);
      if (typeof method !== 'function') return method;
      return async (...args: unknown[]): Promise<unknown> => {
        mustLive();
        const result: unknown = await method.apply(object, args);
        return key === 'open' ? guarded(result as OpenFile, mustLive) : result;
      };
    },
  });
}
