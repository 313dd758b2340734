import { expect } from 'chai';
import type { EventStore } from '../../contracts/event-store.js';
import { SharedStore } from './broken/breakable-store.js';
import { BROKEN_STORES } from './broken/index.js';
import { EVENT_STORE_CASES, eventStoreSuite, runEventStoreCase } from './event-store-suite.js';
import type { EventStoreHarness } from './harness.js';
import { MemoryEventStore, MemoryStorage } from './memory-event-store.js';
import { batchOf } from './sample-log.js';

function harnessOf(make: (storage: MemoryStorage) => EventStore, isExclusive = true): EventStoreHarness {
  const storage = new MemoryStorage();
  return {
    open: () => make(storage),
    isExclusive,
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
    loseAnswer: (_store, fate) => {
      storage.lostAnswer = fate;
    },
    dispose: async () => {},
  };
}

eventStoreSuite({ name: 'memory', create: () => harnessOf((storage) => new MemoryEventStore(storage)) });
eventStoreSuite({
  name: 'memory, shared by writers',
  create: () => harnessOf((storage) => new SharedStore(storage), false),
});

describe('eventStoreSuite', () => {
  const cases = Object.values(EVENT_STORE_CASES).flat();

  it('has a name for each case, once, and a broken store for no other', () => {
    const names = cases.map(({ name }) => name);
    expect(new Set(names).size).to.equal(names.length);
    expect(Object.keys(BROKEN_STORES)).to.have.members(names);
  });

  for (const suiteCase of cases) {
    it(`can fail: ${suiteCase.name}`, async function () {
      this.timeout(suiteCase.limitMs ?? 20_000);
      const Store = BROKEN_STORES[suiteCase.name];
      if (Store === undefined) return expect.fail('no store is broken for this case');
      const isExclusive = suiteCase.needs?.includes('shared') !== true;
      const outcome = await runEventStoreCase(suiteCase, () =>
        harnessOf((storage) => new Store(storage), isExclusive),
      ).then(
        (ran) => (ran ? 'passed' : 'left out'),
        () => 'failed',
      );
      expect(outcome).to.equal('failed');
    });
  }

  it('makes no commit of a lone surrogate, of which RFC 8785 knows none', () => {
    for (const text of ['\ud800', 'a\udfff', '\udc00\ud800']) {
      expect(() => batchOf([{ payload: { text } }]), JSON.stringify(text)).to.throw(TypeError);
    }
  });
});
