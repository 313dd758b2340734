import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { rynxsError } from '@rynxs/kernel';

const LOCK_FILE = 'cluster.lock';
const HOLDER_FILE = 'cluster.holder';
/** SQLITE_BUSY: another process has the lock. */
const BUSY = 5;

/**
 * Takes a directory for this process alone, making it where it is missing; dispose of the result to give it back. The
 * lock ends with the process, however that ends: it is a transaction of node:sqlite, since Node has no flock.
 * Throws RYNXS_DEV_CLUSTER_LOCKED, which names the holder, and RYNXS_DEV_CLUSTER_DIRECTORY.
 */
export async function lockDirectory(dir: string): Promise<Disposable> {
  const { DatabaseSync } = await import('node:sqlite');
  const holderFile = join(dir, HOLDER_FILE);
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    const database = new DatabaseSync(join(dir, LOCK_FILE), { timeout: 0 });
    try {
      database.exec('BEGIN EXCLUSIVE');
      // Opening and closing the lock's own file would give the lock up, so the holder stands beside it.
      writeFileSync(holderFile, `process ${process.pid}, since ${new Date().toISOString()}\n`, {
        mode: 0o600,
      });
    } catch (error) {
      database.close();
      throw error;
    }
    return {
      [Symbol.dispose]: () => {
        rmSync(holderFile, { force: true });
        database.close();
      },
    };
  } catch (error) {
    if (error instanceof Error && 'errcode' in error && error.errcode === BUSY) {
      throw rynxsError('RYNXS_DEV_CLUSTER_LOCKED', { dir, holder: holderOf(holderFile) }, { cause: error });
    }
    throw directoryError(dir, error);
  }
}

/** RYNXS_DEV_CLUSTER_DIRECTORY for what a file operation has thrown. */
export function directoryError(path: string, error: unknown): Error {
  const detail = error instanceof Error ? error.message : String(error);
  return rynxsError('RYNXS_DEV_CLUSTER_DIRECTORY', { path, detail }, { cause: error });
}

function holderOf(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    // The holder has just taken the lock, or is giving it up.
    return 'another process';
  }
}
