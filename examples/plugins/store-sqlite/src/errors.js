import { Damage } from '@rynxs/log';

/** @typedef {import('@rynxs/kernel').StoreErrorCode} StoreErrorCode */

/** What the driver itself refuses. */
export class SqliteStoreError extends Error {
  name = 'SqliteStoreError';

  /**
   * @param {StoreErrorCode} storeCode
   * @param {string} message
   */
  constructor(storeCode, message) {
    super(message);
    this.storeCode = storeCode;
  }
}

const SQLITE_BUSY = 5;
const SQLITE_CONSTRAINT_PRIMARYKEY = 1555;

/**
 * Result codes of SQLite (https://www.sqlite.org/rescode.html); the lowest byte of an extended code is its kind.
 *
 * @type {Readonly<Record<number, StoreErrorCode>>}
 */
const BY_RESULT_CODE = {
  3: 'denied', // SQLITE_PERM
  [SQLITE_BUSY]: 'unavailable', // another process was writing for longer than the busy timeout
  8: 'denied', // SQLITE_READONLY
  10: 'poisoned', // SQLITE_IOERR: nobody knows what of a commit is on the disk
  11: 'damaged', // SQLITE_CORRUPT
  13: 'full', // SQLITE_FULL
  14: 'missing', // SQLITE_CANTOPEN
  23: 'denied', // SQLITE_AUTH
  26: 'damaged', // SQLITE_NOTADB
};

/** @type {Readonly<Record<string, StoreErrorCode>>} */
const BY_ERRNO = { EACCES: 'denied', EPERM: 'denied', EROFS: 'denied', ENOSPC: 'full', ENOTDIR: 'missing' };

/**
 * What an error of this driver, of SQLite or of the file system means to the kernel.
 *
 * @param {unknown} error
 * @returns {StoreErrorCode}
 */
export function errorCodeOf(error) {
  if (error instanceof SqliteStoreError) return error.storeCode;
  if (error instanceof Damage) return 'damaged';
  const resultCode = resultCodeOf(error);
  if (resultCode === SQLITE_CONSTRAINT_PRIMARYKEY) return 'conflict';
  if (resultCode !== undefined) return BY_RESULT_CODE[resultCode & 0xff] ?? 'unknown';
  return BY_ERRNO[errnoOf(error) ?? ''] ?? 'unknown';
}

/**
 * Whether an error of SQLite says that another connection is in the way.
 *
 * @param {unknown} error
 */
export function isBusy(error) {
  const resultCode = resultCodeOf(error);
  return resultCode !== undefined && (resultCode & 0xff) === SQLITE_BUSY;
}

/**
 * SQLite's extended result code; undefined for errors that are none of SQLite's.
 *
 * @param {unknown} error
 */
function resultCodeOf(error) {
  if (!(error instanceof Error) || !('errcode' in error)) return undefined;
  return typeof error.errcode === 'number' ? error.errcode : undefined;
}

/**
 * The name of a system call's error, such as `EACCES`.
 *
 * @param {unknown} error
 */
function errnoOf(error) {
  return error instanceof Error && 'syscall' in error && 'code' in error ? String(error.code) : undefined;
}
