import { mkdtemp, open, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { type EventStoreHarness, eventStoreSuite } from '@rynxs/kernel/testing';
import { type HeldLock, takeSqliteLock } from './exclusive-lock.js';
import { FileEventStore } from './file-event-store.js';
import { LOG_FILE, readSegmentName } from './file-names.js';
import { nodeFileSystem } from './file-system.js';

async function createHarness(segmentSize?: number): Promise<EventStoreHarness> {
  const root = await mkdtemp(join(tmpdir(), 'rynxs-store-file-'));
  const dir = join(root, 'new', 'logs');
  const stores: FileEventStore[] = [];
  const locks = new Map<FileEventStore, HeldLock>();
  return {
    open: () => {
      const config = segmentSize === undefined ? { dir } : { dir, segmentSize };
      const store: FileEventStore = new FileEventStore(config, undefined, undefined, {
        files: nodeFileSystem,
        takeLock: async (directory) => {
          const lock = await takeSqliteLock(directory);
          locks.set(store, lock);
          return lock;
        },
      });
      stores.push(store);
      return store;
    },
    isExclusive: true,
    crash: async (store) => {
      for (const [owner, lock] of locks) if (owner === store) await lock.release();
    },
    tear: async (bytes) => {
      const file = await open(join(dir, LOG_FILE), 'a');
      await file.write(bytes);
      await file.close();
    },
    damage: (offset) => damage(dir, offset),
    dispose: async () => {
      await Promise.allSettled(stores.map((store) => store.close()));
      await rm(root, { recursive: true });
    },
  };
}

/** Changes a byte of the log, counted over all its files, in the one that holds it. */
async function damage(dir: string, offset: number): Promise<void> {
  const names = await readdir(dir);
  // A plain file is the one that is read, where its compressor has left both.
  const isRead = (name: string) => !names.includes(name.replace(/\.zst$/, '')) || !name.endsWith('.zst');
  const segments = names.filter((name) => readSegmentName(name) !== undefined && isRead(name)).sort();
  let left = offset;
  for (const name of [...segments, LOG_FILE]) {
    const isCompressed = name.endsWith('.zst');
    const stored = await readFile(join(dir, name));
    const bytes = isCompressed ? zstdDecompressSync(stored) : stored;
    if (left < bytes.length) {
      bytes[left] = (bytes[left] ?? 0) ^ 1;
      await writeFile(join(dir, name), isCompressed ? zstdCompressSync(bytes) : bytes);
      return;
    }
    left -= bytes.length;
  }
}

eventStoreSuite({ name: 'store-file', create: () => createHarness() });
eventStoreSuite({ name: 'store-file, a segment for every few commits', create: () => createHarness(8_000) });
