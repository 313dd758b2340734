import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { rynxsError } from '@rynxs/kernel';
import { syncDirectory } from '../files/new-file.js';

const CHECKPOINT = 'checkpoint';
const TILES = 'tile';
/** Files in the making; what a crash left here is removed by the next export. */
const PARTIAL = '.partial';
const WRITES_AT_ONCE = 16;

/**
 * A directory of C2SP tlog-tiles. Every file gets its name when it is whole and durable, and never changes but the
 * checkpoint, which comes last: whatever an interruption leaves, the checkpoint is covered by the tiles beside it.
 */
export class TilesDirectory {
  readonly #path: string;
  readonly #directories = new Set<string>();
  readonly #underWay = new Set<Promise<void>>();
  #failure: unknown;
  #partials = 0;
  #files = 0;
  #bytes = 0;

  private constructor(path: string) {
    this.#path = path;
  }

  /** Throws RYNXS_EXPORT_DIRECTORY when it holds anything but a former export. */
  static async open(path: string): Promise<TilesDirectory> {
    try {
      await mkdir(path, { recursive: true });
      const foreign = (await readdir(path)).filter((name) => ![CHECKPOINT, TILES, PARTIAL].includes(name));
      if (foreign.length > 0) {
        throw refusal(path, `it holds ${foreign[0]}, which is not part of an export`);
      }
      await rm(join(path, PARTIAL), { recursive: true, force: true });
      await mkdir(join(path, PARTIAL));
    } catch (cause) {
      throw asRefusal(path, cause);
    }
    return new TilesDirectory(path);
  }

  /** Files and bytes written so far; those that were there already do not count. */
  get written(): { readonly files: number; readonly bytes: number } {
    return { files: this.#files, bytes: this.#bytes };
  }

  /** The checkpoint of the former export; undefined when there is none. Throws RYNXS_EXPORT_DIRECTORY. */
  async checkpoint(): Promise<string | undefined> {
    const bytes = await this.#existing(CHECKPOINT);
    return bytes?.toString('utf8');
  }

  /** Begins to write a tile; see `room`. */
  add(path: string, bytes: Buffer): void {
    const writing: Promise<void> = this.#addTile(path, bytes)
      .catch((error: unknown) => {
        this.#failure ??= error;
      })
      .finally(() => this.#underWay.delete(writing));
    this.#underWay.add(writing);
  }

  /** Waits until few enough tiles are being written. Throws RYNXS_EXPORT_DIRECTORY when one could not be. */
  async room(): Promise<void> {
    await this.#until(WRITES_AT_ONCE);
  }

  /** Makes all tiles durable, then the checkpoint. Throws RYNXS_EXPORT_DIRECTORY. */
  async finish(checkpoint: string): Promise<void> {
    await this.#until(1);
    try {
      for (const directory of this.#directories) await syncDirectory(directory);
      await this.#write(CHECKPOINT, Buffer.from(checkpoint));
      await rm(join(this.#path, PARTIAL), { recursive: true });
      await syncDirectory(this.#path);
    } catch (cause) {
      throw asRefusal(this.#path, cause);
    }
  }

  /** Waits for what is being written and removes what is not whole. */
  async abandon(): Promise<void> {
    await Promise.all(this.#underWay);
    await rm(join(this.#path, PARTIAL), { recursive: true, force: true });
  }

  async #until(count: number): Promise<void> {
    while (this.#underWay.size >= count && this.#failure === undefined) await Promise.race(this.#underWay);
    if (this.#failure !== undefined) throw asRefusal(this.#path, this.#failure);
  }

  async #addTile(path: string, bytes: Buffer): Promise<void> {
    const existing = await this.#existing(path);
    if (existing === undefined) {
      await this.#write(path, bytes);
      return;
    }
    if (!existing.equals(bytes)) throw refusal(this.#path, `its ${path} is of another log, or was changed`);
  }

  async #existing(path: string): Promise<Buffer | undefined> {
    try {
      return await readFile(join(this.#path, path));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw asRefusal(this.#path, error);
    }
  }

  async #write(path: string, bytes: Buffer): Promise<void> {
    const target = join(this.#path, path);
    await this.#makeDirectory(dirname(target));
    this.#partials += 1;
    const partial = join(this.#path, PARTIAL, String(this.#partials));
    const file = await open(partial, 'wx');
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(partial, target);
    this.#files += 1;
    this.#bytes += bytes.length;
  }

  /** Every directory above holds a new name too. */
  async #makeDirectory(path: string): Promise<void> {
    if (this.#directories.has(path)) return;
    await mkdir(path, { recursive: true });
    for (
      let above = path;
      above.startsWith(this.#path) && !this.#directories.has(above);
      above = dirname(above)
    ) {
      this.#directories.add(above);
    }
  }
}

function refusal(dir: string, detail: string, cause?: unknown): Error {
  return rynxsError('RYNXS_EXPORT_DIRECTORY', { dir, detail }, { cause });
}

/** Failures of the file system as an error of this directory; those that say it themselves as they are. */
function asRefusal(dir: string, cause: unknown): unknown {
  if (!(cause instanceof Error) || (cause as NodeJS.ErrnoException).syscall === undefined) return cause;
  return refusal(dir, cause.message, cause);
}
