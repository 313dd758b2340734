import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { SqliteEventStore } from 'rynxs-store-sqlite';

/**
 * A place of its own for each case of the suite, and how to reach it again and again.
 *
 * @returns {import('@rynxs/kernel/testing').EventStoreHarness}
 */
export function createHarness() {
  const directory = mkdtempSync(join(tmpdir(), 'rynxs-store-sqlite-'));
  const file = join(directory, 'new', 'log.db');
  /** @type {SqliteEventStore[]} */
  const stores = [];
  return {
    // Another instance over the same place, as another process would make it.
    open: () => {
      const store = new SqliteEventStore({ file, busyTimeout: 5_000 });
      stores.push(store);
      return store;
    },
    // Several processes may have it open; the compare-and-set in `append` keeps them apart.
    isExclusive: false,
    // kill -9 leaves the files as they are, and no lock is held between two calls.
    crash: async () => {},
    damage: async (offset) => changeByte(file, offset),
    dispose: async () => {
      for (const store of stores) await store.close();
      rmSync(directory, { recursive: true });
    },
  };
}

/**
 * @param {string} file
 * @param {number} offset from the beginning of the log
 */
function changeByte(file, offset) {
  const db = new DatabaseSync(file);
  let left = offset;
  for (const { first_seq, bytes } of db.prepare('SELECT * FROM commits ORDER BY first_seq').all()) {
    if (bytes instanceof Uint8Array && left < bytes.length) {
      bytes[left] = (bytes[left] ?? 0) ^ 1;
      db.prepare('UPDATE commits SET bytes = ? WHERE first_seq = ?').run(bytes, first_seq ?? null);
      break;
    }
    left -= bytes instanceof Uint8Array ? bytes.length : 0;
  }
  db.close();
}
