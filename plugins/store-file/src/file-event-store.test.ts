import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type EventStoreHarness, eventStoreSuite } from '@rynxs/kernel/testing';
import { type HeldLock, takeSqliteLock } from './exclusive-lock.js';
import { FileEventStore, LOG_FILE } from './file-event-store.js';
import { nodeFileSystem } from './file-system.js';

async function createHarness(): Promise<EventStoreHarness> {
  const root = await mkdtemp(join(tmpdir(), 'rynxs-store-file-'));
  const dir = join(root, 'new', 'logs');
  const stores: FileEventStore[] = [];
  const locks = new Map<FileEventStore, HeldLock>();
  return {
    open: () => {
      const store: FileEventStore = new FileEventStore(
        { dir },
        {
          files: nodeFileSystem,
          takeLock: async (directory) => {
            const lock = await takeSqliteLock(directory);
            locks.set(store, lock);
            return lock;
          },
        },
      );
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
    damage: async (offset) => {
      const file = await open(join(dir, LOG_FILE), 'r+');
      const byte = Buffer.alloc(1);
      await file.read(byte, 0, 1, offset);
      byte[0] = (byte[0] ?? 0) ^ 1;
      await file.write(byte, 0, 1, offset);
      await file.close();
    },
    dispose: async () => {
      await Promise.allSettled(stores.map((store) => store.close()));
      await rm(root, { recursive: true });
    },
  };
}

eventStoreSuite({ name: 'store-file', create: createHarness });
