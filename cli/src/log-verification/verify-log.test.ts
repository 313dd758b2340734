import type { EventStore, StoreHead } from '@rynxs/kernel';
import { MemoryStorage, memoryEventStore, SampleLog } from '@rynxs/kernel/testing';
import { expect } from 'chai';
import { verifyLog } from './verify-log.js';

const signal = new AbortController().signal;

describe('what a store says of its end', () => {
  const log = new SampleLog();
  const evidence = { trusted: [], checkpoints: [], anchors: [] };
  let store: EventStore;

  before(async () => {
    store = memoryEventStore(new MemoryStorage());
    await store.open(signal);
    await store.append(log.next(3), signal);
    await store.append(log.next(2), signal);
  });

  /** Verifies the log while the store says that it ends otherwise. */
  async function damageWith(head: StoreHead): Promise<object | null> {
    Object.assign(store, { head: async () => head });
    return (await verifyLog(store, { signal, evidence })).damage;
  }

  it('is compared with what was read', async () => {
    expect(await damageWith(log.head)).to.equal(null);
    expect(await damageWith({ nextSeq: 7, hash: log.head.hash })).to.include({
      kind: 'truncated',
      first_bad_seq: 5,
      last_good_seq: 4,
    });
    expect(await damageWith({ nextSeq: 5, hash: 'f'.repeat(64) })).to.include({
      kind: 'chain_broken',
      first_bad_seq: 4,
    });
  });

  it('may be behind it: the log is being written', async () => {
    expect(await damageWith({ nextSeq: 3, hash: undefined })).to.equal(null);
  });
});
