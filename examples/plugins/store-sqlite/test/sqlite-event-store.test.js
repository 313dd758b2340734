import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { SampleLog } from '@rynxs/kernel/testing';
import { expect } from 'chai';
import { SqliteEventStore } from 'rynxs-store-sqlite';

const { signal } = new AbortController();

describe('SqliteEventStore', () => {
  /** @type {string} */
  let directory;
  /** @type {SqliteEventStore[]} */
  let stores;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'rynxs-store-sqlite-'));
    stores = [];
  });

  afterEach(async () => {
    for (const store of stores) await store.close();
    rmSync(directory, { recursive: true });
  });

  function newStore(file = join(directory, 'log.db')) {
    const store = new SqliteEventStore({ file, busyTimeout: 10 });
    stores.push(store);
    return store;
  }

  it('creates nothing where it only reads', async () => {
    const reader = newStore();
    expect(await reader.head(signal)).to.deep.equal({ nextSeq: 0, hash: undefined });
    expect(await reader.listObjects('', signal)).to.deep.equal([]);
    expect(readdirSync(directory)).to.deep.equal([]);
  });

  it('makes its directory for its owner alone, and leaves one file there', async () => {
    const store = newStore(join(directory, 'new', 'log.db'));
    await store.open(signal);
    await store.append(new SampleLog().next(), signal);
    await store.close();
    expect(statSync(join(directory, 'new')).mode & 0o777).to.equal(0o700);
    expect(readdirSync(join(directory, 'new'))).to.deep.equal(['log.db']);
  });

  it('refuses to write before it was opened', async () => {
    const store = newStore();
    const error = await failure(store.append(new SampleLog().next(), signal));
    expect(store.errorCode(error)).to.equal('closed');
    expect(existsSync(join(directory, 'log.db'))).to.equal(false);
  });

  it('says that another process is writing, and goes on when it has finished', async () => {
    const log = new SampleLog();
    const store = newStore();
    await store.open(signal);
    const other = new DatabaseSync(join(directory, 'log.db'));
    other.exec('BEGIN IMMEDIATE');
    const batch = log.next();
    expect(store.errorCode(await failure(store.append(batch, signal)))).to.equal('unavailable');
    other.exec('ROLLBACK');
    other.close();
    await store.append(batch, signal);
    expect(await store.head(signal)).to.deep.equal(log.head);
  });

  it('refuses a file that is no database, and leaves it as it is', async () => {
    writeFileSync(join(directory, 'log.db'), 'x'.repeat(4_096));
    const store = newStore();
    expect(store.errorCode(await failure(store.open(signal)))).to.equal('damaged');
    expect(statSync(join(directory, 'log.db')).size).to.equal(4_096);
  });

  it('says that a file stands where its directory should be', async () => {
    writeFileSync(join(directory, 'file'), '');
    const store = newStore(join(directory, 'file', 'logs', 'log.db'));
    expect(store.errorCode(await failure(store.open(signal)))).to.equal('missing');
  });

  it("knows SQLite's own errors", async () => {
    const store = newStore();
    const small = new DatabaseSync(':memory:');
    small.exec('PRAGMA max_page_count = 2; CREATE TABLE t (bytes BLOB)');
    const full = thrownBy(() => small.prepare('INSERT INTO t VALUES (zeroblob(100000))').run());
    expect(store.errorCode(full)).to.equal('full');
    await store.open(signal);
    const readOnly = new DatabaseSync(join(directory, 'log.db'), { readOnly: true });
    const denied = thrownBy(() => readOnly.exec("INSERT INTO objects VALUES ('a', x'00')"));
    expect(store.errorCode(denied)).to.equal('denied');
    for (const database of [small, readOnly]) database.close();
  });
});

/**
 * @param {Promise<unknown>} call
 * @returns {Promise<unknown>}
 */
async function failure(call) {
  return call.then(
    () => expect.fail('the call succeeded and should have failed'),
    (/** @type {unknown} */ error) => error,
  );
}

/**
 * @param {() => void} call
 * @returns {unknown}
 */
function thrownBy(call) {
  try {
    call();
  } catch (error) {
    return error;
  }
  return expect.fail('the call succeeded and should have failed');
}
