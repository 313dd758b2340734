import { accessSync, constants, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { rynxsError } from '@rynxs/kernel';

/**
 * The data directory, held by one `rynxs dev` at a time. Its log and its cluster have locks of their own; this one
 * comes first, so that starting twice is told as such and not as a port in use.
 */
export class SessionDirectory implements Disposable {
  readonly #database: DatabaseSync;

  private constructor(
    readonly path: string,
    database: DatabaseSync,
  ) {
    this.#database = database;
  }

  /** Makes the directory where needed. Throws RYNXS_DATA_DIR, RYNXS_DATA_DIR_IN_USE. */
  static take(path: string): SessionDirectory {
    let database: DatabaseSync | undefined;
    try {
      makeDirectory(path);
      // SQLite's lock ends with the process, however it ends; Node has no flock.
      database = new DatabaseSync(join(path, 'session.lock'), { timeout: 0 });
      database.exec('BEGIN EXCLUSIVE');
      writeFileSync(holderFile(path), `process ${process.pid}, since ${new Date().toISOString()}\n`);
      return new SessionDirectory(path, database);
    } catch (cause) {
      database?.close();
      if (isBusy(cause)) {
        throw rynxsError('RYNXS_DATA_DIR_IN_USE', { dir: path, holder: holderOf(path) }, { cause });
      }
      throw rynxsError('RYNXS_DATA_DIR', { dir: path, detail: explain(cause) }, { cause });
    }
  }

  [Symbol.dispose](): void {
    rmSync(holderFile(this.path), { force: true });
    this.#database.close();
  }
}

function makeDirectory(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  } catch (error) {
    // On a read-only file system Node says ENOENT here; the directory that is there tells the reason.
    let parent = dirname(path);
    while (!existsSync(parent)) parent = dirname(parent);
    accessSync(parent, constants.W_OK);
    throw error;
  }
}

function holderFile(path: string): string {
  return join(path, 'session.holder');
}

function holderOf(path: string): string {
  try {
    return readFileSync(holderFile(path), 'utf8').trim();
  } catch {
    // The holder has not written its name yet, or is just leaving.
    return 'another process';
  }
}

const SQLITE_BUSY = 5;

function isBusy(cause: unknown): boolean {
  return cause instanceof Error && 'errcode' in cause && cause.errcode === SQLITE_BUSY;
}

function explain(cause: unknown): string {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  if (code === 'EROFS') return 'the file system is read-only';
  if (code === 'EACCES' || code === 'EPERM') return 'writing there is not permitted';
  if (code === 'ENOTDIR' || code === 'EEXIST') return 'a file is in its way';
  if (code === 'ENOSPC') return 'there is no space left';
  if (code === 'ERR_SQLITE_ERROR') return 'it cannot be written';
  return cause instanceof Error ? cause.message : String(cause);
}
