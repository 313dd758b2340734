import { randomUUID } from 'node:crypto';
import { dirname, join } from 'node:path';
import type { ListOptions } from '@rynxs/kernel';
import { makeDirectory } from './directory.js';
import {
  type DirectoryEntry,
  type FileSystem,
  readWhole,
  syncDirectory,
  unlinkIfThere,
  withFile,
  writeDurably,
} from './file-system.js';
import { errnoOf, FileStoreError } from './store-error.js';

const OBJECTS_DIRECTORY = 'objects';
const MAX_NAME_LENGTH = 200;
const SEGMENT = /^[a-z0-9._-]+$/;
const MAX_OBJECT_BYTES = 16 * 1_048_576;

/** Small files under `objects/`, written aside and then linked to their name, which only the first one can. */
export class NamedObjects {
  readonly #files: FileSystem;
  readonly #directory: string;
  /** Folders whose names are durable. */
  readonly #folders = new Set<string>();

  constructor(files: FileSystem, directory: string) {
    this.#files = files;
    this.#directory = directory;
  }

  async create(name: string, bytes: Uint8Array): Promise<void> {
    const files = this.#files;
    const path = this.#pathOf(name);
    if (bytes.length > MAX_OBJECT_BYTES) {
      throw new RangeError(`the object ${name} has ${bytes.length} bytes, more than ${MAX_OBJECT_BYTES}`);
    }
    await this.#makeFolder(dirname(path));
    const aside = join(this.#directory, `operator-events.object-${randomUUID()}.tmp`);
    try {
      await writeDurably(files, aside, bytes);
      await this.#link(aside, path, name);
    } finally {
      await unlinkIfThere(files, aside);
    }
    await syncDirectory(files, dirname(path));
  }

  async read(name: string): Promise<Uint8Array | undefined> {
    const path = this.#pathOf(name);
    try {
      return await withFile(this.#files, path, 'r', readWhole);
    } catch (error) {
      const errno = errnoOf(error);
      // A folder of objects is none itself, and no object has others below it.
      if (errno === 'ENOENT' || errno === 'EISDIR' || errno === 'ENOTDIR') return undefined;
      throw error;
    }
  }

  async list(
    prefix: string,
    { startAfter = '', limit = Number.POSITIVE_INFINITY }: ListOptions = {},
  ): Promise<readonly string[]> {
    const folder = prefix.slice(0, prefix.lastIndexOf('/') + 1);
    const names: string[] = [];
    const isFolder = folder === '' || folder.slice(0, -1).split('/').every(isSegment);
    if (isFolder) await this.#listFolder(folder, { prefix, startAfter, limit }, names);
    return names;
  }

  async #makeFolder(path: string): Promise<void> {
    if (this.#folders.has(path)) return;
    await makeDirectory(this.#files, path, this.#directory);
    this.#folders.add(path);
  }

  async #link(aside: string, path: string, name: string): Promise<void> {
    try {
      await this.#files.link(aside, path);
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST') throw error;
      // Whoever made it may have ended before its name was durable.
      await syncDirectory(this.#files, dirname(path));
      throw new FileStoreError('conflict', `the object ${name} exists`, { cause: error });
    }
  }

  /** Adds names in their order. `folder` is empty or ends with a slash. Folders that have nothing to add are not read. */
  async #listFolder(
    folder: string,
    wanted: { readonly prefix: string; readonly startAfter: string; readonly limit: number },
    names: string[],
  ): Promise<void> {
    const { prefix, startAfter, limit } = wanted;
    const keys: string[] = [];
    for (const { name, isDirectory } of await this.#entriesOf(folder)) {
      // The slash belongs to the order: it stands after "-" and ".", and before everything else that a name may have.
      const key = isDirectory ? `${folder}${name}/` : folder + name;
      const mayMatch = key.startsWith(prefix) || (isDirectory && prefix.startsWith(key));
      const isAfter = key > startAfter || (isDirectory && startAfter.startsWith(key));
      if (mayMatch && isAfter && isSegment(name)) keys.push(key);
    }
    for (const key of keys.sort()) {
      if (names.length >= limit) return;
      if (key.endsWith('/')) await this.#listFolder(key, wanted, names);
      else names.push(key);
    }
  }

  async #entriesOf(folder: string): Promise<readonly DirectoryEntry[]> {
    try {
      return await this.#files.readdir(join(this.#directory, OBJECTS_DIRECTORY, folder));
    } catch (error) {
      const errno = errnoOf(error);
      if (errno === 'ENOENT' || errno === 'ENOTDIR') return [];
      throw error;
    }
  }

  #pathOf(name: string): string {
    const isValid = name.length <= MAX_NAME_LENGTH && name.split('/').every(isSegment);
    if (!isValid) throw new TypeError(`${JSON.stringify(name)} is not the name of an object`);
    return join(this.#directory, OBJECTS_DIRECTORY, name);
  }
}

/** Whether it may stand between the slashes of a name. */
function isSegment(text: string): boolean {
  return SEGMENT.test(text) && text !== '.' && text !== '..';
}
