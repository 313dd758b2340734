import { eventStoreSuite } from './event-store-suite.js';
import type { EventStoreHarness } from './harness.js';
import { MemoryEventStore, MemoryStorage } from './memory-event-store.js';

export function memoryHarness(make: (storage: MemoryStorage) => MemoryEventStore): EventStoreHarness {
  const storage = new MemoryStorage();
  return {
    open: () => make(storage),
    isExclusive: true,
    crash: async (store) => {
      if (storage.owner === store) storage.owner = undefined;
    },
    tear: async (bytes) => {
      storage.torn = Buffer.from(bytes);
    },
    damage: async (offset) => {
      let left = offset;
      for (const { bytes } of storage.commits) {
        if (left < bytes.length) {
          bytes[left] = (bytes[left] ?? 0) ^ 1;
          return;
        }
        left -= bytes.length;
      }
    },
    dispose: async () => {},
  };
}

eventStoreSuite({ name: 'memory', create: () => memoryHarness((storage) => new MemoryEventStore(storage)) });
