import { randomUUID } from 'node:crypto';
import { dirname, join } from 'node:path';
import type { ListOptions } from '@rynxs/kernel';
import { makeDirectory } from './directory.js';
import {
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
const MAX_OBJECT_BYTES = 16 * 1_048_576;

/** Small files under `objects/`, written aside and then linked to their name, which only the first one can. */
export class NamedObjects {
  readonly #files: FileSystem;
  readonly #directory: string;

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
    await makeDirectory(files, dirname(path));
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

  async list(prefix: string, { startAfter = '', limit }: ListOptions = {}): Promise<readonly string[]> {
    const names = await this.#namesBelow('');
    return names
      .filter((name) => name.startsWith(prefix) && name > startAfter)
      .sort()
      .slice(0, limit);
  }

  async #link(aside: string, path: string, name: string): Promise<void> {
    try {
      await this.#files.link(aside, path);
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST') throw error;
      throw new FileStoreError('conflict', `the object ${name} exists`, { cause: error });
    }
  }

  async #namesBelow(folder: string): Promise<string[]> {
    const names: string[] = [];
    try {
      for (const entry of await this.#files.readdir(join(this.#directory, OBJECTS_DIRECTORY, folder))) {
        const name = folder === '' ? entry.name : `${folder}/${entry.name}`;
        if (entry.isDirectory) names.push(...(await this.#namesBelow(name)));
        else names.push(name);
      }
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw error;
    }
    return names;
  }

  #pathOf(name: string): string {
    const segments = name.split('/');
    const isValid =
      name.length <= MAX_NAME_LENGTH &&
      segments.every((segment) => /^[a-z0-9._-]+$/.test(segment) && segment !== '.' && segment !== '..');
    if (!isValid) throw new TypeError(`${JSON.stringify(name)} is not the name of an object`);
    return join(this.#directory, OBJECTS_DIRECTORY, name);
  }
}
