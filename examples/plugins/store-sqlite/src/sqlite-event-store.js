import { existsSync, mkdirSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { CONFIG } from '@rynxs/kernel';
import { ChainVerifier, recordParts, ZERO_HASH } from '@rynxs/log';
import { LogDatabase } from './database.js';
import { errorCodeOf, SqliteStoreError } from './errors.js';

/** @typedef {import('@rynxs/kernel').EventStore} EventStore */

const LF = 0x0a;
/** Commits that are read before everything else in the process has its turn. */
const COMMITS_PER_TURN = 64;

/**
 * The event log in one SQLite database. A commit is one row and one transaction.
 *
 * @implements {EventStore}
 */
export class SqliteEventStore {
  /** The tokens of the constructor's parameters. CONFIG is this plugin's own settings. */
  static inject = [CONFIG];

  #file;
  #busyTimeoutMs;
  /** @type {LogDatabase | undefined} */
  #database;
  #isOpen = false;
  #isClosed = false;

  /** @param {Readonly<Record<string, unknown>>} config */
  constructor(config) {
    const { file, busyTimeout } = /** @type {import('./settings.js').SqliteSettings} */ (config);
    this.#file = resolve(file);
    this.#busyTimeoutMs = busyTimeout;
    this.location = `sqlite://${this.#file}`;
  }

  /**
   * A transaction is never torn, so there is no tail to drop and `knownSize` changes nothing: a last commit that does
   * not verify is damage, whatever was known.
   *
   * @type {EventStore['open']}
   */
  async open(signal) {
    this.#check(signal);
    mkdirSync(dirname(this.#file), { recursive: true, mode: 0o700 });
    const database = this.#connect();
    const head = verifiedHead(database);
    this.#isOpen = true;
    return { head, droppedTails: [] };
  }

  /** @type {EventStore['append']} */
  async append({ firstSeq, count, bytes }, signal) {
    const database = this.#writable(signal);
    database.transact(() => {
      const { nextSeq } = database;
      if (firstSeq !== nextSeq) {
        throw new SqliteStoreError('conflict', `the next number is ${nextSeq}, not ${firstSeq}`);
      }
      database.insertCommit({ first_seq: firstSeq, next_seq: firstSeq + count, bytes });
    });
  }

  /** @type {EventStore['read']} */
  async *read(fromSeq, signal) {
    const database = this.#readable(signal);
    if (database === undefined) return;
    const end = database.nextSeq;
    const commitAt = database.commitFinder();
    let seq = fromSeq;
    for (let commits = 1; seq < end; commits++) {
      const commit = commitAt(seq);
      if (commit === undefined) return;
      seq = commit.next_seq;
      yield commit.bytes;
      if (commits % COMMITS_PER_TURN === 0) await setImmediate();
      this.#check(signal);
    }
  }

  /** @type {EventStore['head']} */
  async head(signal) {
    const database = this.#readable(signal);
    const [last] = database?.lastCommits(1) ?? [];
    return last === undefined
      ? { nextSeq: 0, hash: undefined }
      : { nextSeq: last.next_seq, hash: headHash(last.bytes) };
  }

  /** @type {EventStore['createObject']} */
  async createObject(name, bytes, signal) {
    this.#writable(signal).insertObject(name, bytes);
  }

  /** @type {EventStore['readObject']} */
  async readObject(name, signal) {
    return this.#readable(signal)?.object(name);
  }

  /** @type {EventStore['listObjects']} */
  async listObjects(prefix, signal, { startAfter = '', limit = -1 } = {}) {
    return this.#readable(signal)?.objectNames(prefix, startAfter, limit) ?? [];
  }

  /** Nothing can be under way: every call does all of its work at once. */
  async close() {
    this.#isClosed = true;
    this.#database?.close();
    this.#database = undefined;
  }

  /** @type {EventStore['errorCode']} */
  errorCode(error) {
    return errorCodeOf(error);
  }

  /** @param {AbortSignal} signal */
  #check(signal) {
    if (this.#isClosed) throw new SqliteStoreError('closed', 'the store is closed');
    signal.throwIfAborted();
  }

  #connect() {
    this.#database ??= new LogDatabase(this.#file, this.#busyTimeoutMs);
    return this.#database;
  }

  /** @param {AbortSignal} signal */
  #writable(signal) {
    this.#check(signal);
    if (!this.#isOpen) throw new SqliteStoreError('closed', 'the store is not open');
    return this.#connect();
  }

  /**
   * A reader creates nothing: undefined when no log is there.
   *
   * @param {AbortSignal} signal
   */
  #readable(signal) {
    this.#check(signal);
    return this.#database === undefined && !existsSync(this.#file) ? undefined : this.#connect();
  }
}

/**
 * The head, once the last commit has verified. Throws Damage.
 *
 * @param {LogDatabase} database
 */
function verifiedHead(database) {
  const [last, before] = database.lastCommits(2);
  if (last === undefined) return { nextSeq: 0, hash: undefined };
  const prevHash = before === undefined ? ZERO_HASH : headHash(before.bytes);
  const head = { nextSeq: last.next_seq, hash: headHash(last.bytes) };
  const verifier = new ChainVerifier({ fromSeq: last.first_seq, prevHash });
  verifier.push(last.bytes);
  verifier.finish(head);
  return head;
}

/**
 * The hash that a commit's last record carries.
 *
 * @param {Uint8Array} commit
 */
function headHash(commit) {
  const lastLine = commit.subarray(commit.lastIndexOf(LF, -2) + 1);
  return recordParts(lastLine)?.hash ?? ZERO_HASH;
}
