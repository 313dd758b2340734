import { constants } from 'node:fs';
import { access, readFile, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { FileStoreError } from './store-error.js';

export const LOCK_FILE = 'operator-events.lock';
export const HOLDER_FILE = 'operator-events.holder';

/** A lock that is held until it is released or the process ends, however it ends. */
export interface HeldLock {
  release(): Promise<void>;
}

/** Takes the lock of a directory, or throws FileStoreError `locked` whose message says who has it. */
export type TakeLock = (directory: string) => Promise<HeldLock>;

const SQLITE_BUSY = 5;

/**
 * Node has no flock, but node:sqlite brings one: a transaction that excludes all others lasts as long as its process.
 * The holder's name stands in a file of its own: opening and closing the lock's file would give the lock up.
 */
export const takeSqliteLock: TakeLock = async (directory) => {
  await access(directory, constants.W_OK);
  const { DatabaseSync } = await import('node:sqlite');
  const holderFile = join(directory, HOLDER_FILE);
  const database = new DatabaseSync(join(directory, LOCK_FILE), { timeout: 0 });
  try {
    database.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    if (!isBusy(error)) throw error;
    throw new FileStoreError('locked', await holderOf(holderFile), { cause: error });
  }
  try {
    const holder = { pid: process.pid, host: hostname(), since: new Date().toISOString() };
    await writeFile(holderFile, `${JSON.stringify(holder)}\n`, { mode: 0o600 });
  } catch (error) {
    database.close();
    throw error;
  }
  return { release: () => release(database, holderFile) };
};

async function release(database: DatabaseSync, holderFile: string): Promise<void> {
  try {
    await rm(holderFile, { force: true });
  } finally {
    database.close();
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY;
}

async function holderOf(holderFile: string): Promise<string> {
  try {
    const { pid, host, since } = JSON.parse(await readFile(holderFile, 'utf8')) as Readonly<
      Record<string, unknown>
    >;
    return `process ${String(pid)} on ${String(host)} (since ${String(since)})`;
  } catch (error) {
    // The holder has just taken the lock, or is giving it up: its name is not there.
    if (error instanceof SyntaxError || (error instanceof Error && 'code' in error)) return 'another process';
    throw error;
  }
}
