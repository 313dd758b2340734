import { type FileHandle, link, open, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { rynxsError } from '@rynxs/kernel';

const PRIVATE_MODE = 0o600;
const USUAL_MODE = 0o666;

/**
 * A file in the making: it gets its name only when it is whole and durable, and never takes that of another one. What
 * was not finished is removed when it is disposed of.
 */
export class NewFile implements AsyncDisposable {
  readonly #path: string;
  readonly #partial: string;
  readonly #file: FileHandle;
  #isOpen = true;

  private constructor(path: string, partial: string, file: FileHandle) {
    this.#path = path;
    this.#partial = partial;
    this.#file = file;
  }

  /** Throws RYNXS_OUTPUT_FILE when there is such a file, or none can be made there. */
  static async create(path: string, options: { readonly isPrivate?: boolean } = {}): Promise<NewFile> {
    const partial = `${path}.${process.pid}.partial`;
    try {
      await refuseExisting(path);
      const mode = options.isPrivate === true ? PRIVATE_MODE : USUAL_MODE;
      return new NewFile(path, partial, await open(partial, 'wx', mode));
    } catch (cause) {
      throw outputError(path, cause);
    }
  }

  async write(bytes: Uint8Array | string): Promise<void> {
    try {
      await this.#file.writeFile(bytes);
    } catch (cause) {
      throw outputError(this.#path, cause);
    }
  }

  /** Makes the file durable and gives it its name. Throws RYNXS_OUTPUT_FILE. */
  async finish(): Promise<void> {
    try {
      await this.#file.sync();
      await this.#close();
      // Unlike a rename, a link never replaces a file that came there meanwhile.
      await link(this.#partial, this.#path);
      await rm(this.#partial);
      await syncDirectory(dirname(this.#path));
    } catch (cause) {
      throw outputError(this.#path, cause);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close();
    await rm(this.#partial, { force: true });
  }

  async #close(): Promise<void> {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    await this.#file.close();
  }
}

/** Writes a whole new file. Throws RYNXS_OUTPUT_FILE, and has left nothing behind then. */
export async function writeNewFile(
  path: string,
  bytes: Uint8Array | string,
  options: { readonly isPrivate?: boolean } = {},
): Promise<void> {
  await using file = await NewFile.create(path, options);
  await file.write(bytes);
  await file.finish();
}

/** Makes the names in a directory durable. */
export async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

async function refuseExisting(path: string): Promise<void> {
  const existing = await open(path, 'r').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (existing === undefined) return;
  await existing.close();
  throw Object.assign(new Error('it exists already'), { code: 'EEXIST' });
}

const REASONS: Readonly<Record<string, string>> = {
  EEXIST: 'there is such a file, which is never overwritten',
  ENOENT: 'the directory does not exist',
  EACCES: 'writing there is not permitted',
  EROFS: 'the file system is read-only',
  EISDIR: 'it is a directory',
  ENOSPC: 'there is no space left',
};

function outputError(file: string, cause: unknown): Error {
  const { code, message } = cause as NodeJS.ErrnoException;
  const detail = REASONS[code ?? ''] ?? message;
  return rynxsError('RYNXS_OUTPUT_FILE', { file, detail }, { cause });
}
