import { DatabaseSync } from 'node:sqlite';
import { isBusy } from './errors.js';

const SCHEMA = `
  PRAGMA journal_mode = WAL;   -- readers do not wait for the writer
  PRAGMA synchronous = FULL;   -- a commit is durable when it returns
  CREATE TABLE IF NOT EXISTS commits (
    first_seq INTEGER PRIMARY KEY,
    next_seq INTEGER NOT NULL UNIQUE,
    bytes BLOB NOT NULL
  ) STRICT;
  CREATE TABLE IF NOT EXISTS objects (name TEXT PRIMARY KEY, bytes BLOB NOT NULL) STRICT;
`;

const RETRY_MS = 5;

/**
 * A commit as it is stored.
 *
 * @typedef {{ first_seq: number, next_seq: number, bytes: Uint8Array }} CommitRow
 */

/** The database of a log: what this driver asks SQLite. All of it is synchronous, as node:sqlite is. */
export class LogDatabase {
  /** @type {DatabaseSync} */
  #db;

  /**
   * Opens the file, and creates it and its tables where they are not there.
   *
   * @param {string} file
   * @param {number} busyTimeoutMs
   */
  constructor(file, busyTimeoutMs) {
    this.#db = new DatabaseSync(file, { timeout: busyTimeoutMs });
    try {
      createSchema(this.#db, busyTimeoutMs);
    } catch (error) {
      this.#db.close();
      throw error;
    }
  }

  /** The number of the next record. */
  get nextSeq() {
    const row = this.#db.prepare('SELECT max(next_seq) AS next_seq FROM commits').get();
    return Number(row?.next_seq ?? 0);
  }

  /**
   * The last commits, latest first.
   *
   * @param {number} limit
   */
  lastCommits(limit) {
    const select = this.#db.prepare('SELECT * FROM commits ORDER BY first_seq DESC LIMIT ?');
    return /** @type {CommitRow[]} */ (select.all(limit));
  }

  /**
   * Finds the commit that holds a number, or the first one after it.
   *
   * @returns {(seq: number) => CommitRow | undefined}
   */
  commitFinder() {
    const select = this.#db.prepare('SELECT * FROM commits WHERE next_seq > ? ORDER BY next_seq LIMIT 1');
    return (seq) => /** @type {CommitRow | undefined} */ (select.get(seq));
  }

  /** @param {CommitRow} commit */
  insertCommit({ first_seq, next_seq, bytes }) {
    this.#db.prepare('INSERT INTO commits VALUES (?, ?, ?)').run(first_seq, next_seq, bytes);
  }

  /**
   * @param {string} name
   * @param {Uint8Array} bytes
   */
  insertObject(name, bytes) {
    this.#db.prepare('INSERT INTO objects VALUES (?, ?)').run(name, bytes);
  }

  /** @param {string} name */
  object(name) {
    const row = this.#db.prepare('SELECT bytes FROM objects WHERE name = ?').get(name);
    return /** @type {Uint8Array | undefined} */ (row?.bytes);
  }

  /**
   * Names that begin with `prefix` and come after `startAfter`. SQLite compares text byte by byte, and no name has a
   * character above `z`.
   *
   * @param {string} prefix
   * @param {string} startAfter
   * @param {number} limit -1 for all
   */
  objectNames(prefix, startAfter, limit) {
    const select = this.#db.prepare(
      "SELECT name FROM objects WHERE name >= ?1 AND name < ?1 || '~' AND name > ?2 ORDER BY name LIMIT ?3",
    );
    return select.all(prefix, startAfter, limit).map(({ name }) => String(name));
  }

  /**
   * Runs `work` while nobody else writes: all that it writes becomes durable together, or nothing of it does.
   *
   * @param {() => void} work
   */
  transact(work) {
    this.#db.exec('BEGIN IMMEDIATE');
    try {
      work();
      this.#db.exec('COMMIT');
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
      throw error;
    }
  }

  close() {
    this.#db.close();
  }
}

/**
 * Several processes may create the same database at once. SQLite's own busy timeout does not cover the change to WAL,
 * which fails as soon as another connection is in its way; so this waits for as long by itself.
 *
 * @param {DatabaseSync} db
 * @param {number} busyTimeoutMs
 */
function createSchema(db, busyTimeoutMs) {
  const deadline = performance.now() + busyTimeoutMs;
  for (;;) {
    try {
      db.exec(SCHEMA);
      return;
    } catch (error) {
      if (!isBusy(error) || performance.now() >= deadline) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS);
    }
  }
}
