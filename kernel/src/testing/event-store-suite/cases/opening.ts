import { expect } from 'chai';
import { appendAll, bytesOf, expectSameBytes, filled, opened, readAll, signal } from '../asking.js';
import type { EventStoreCase } from '../harness.js';
import { SampleLog } from '../sample-log.js';

export const OPENING_CASES: readonly EventStoreCase[] = [
  {
    name: 'opens empty where nothing is',
    async run(harness) {
      const store = harness.open();
      const { head, droppedTails } = await store.open(signal());
      expect(head).to.deep.equal({ nextSeq: 0, hash: undefined });
      expect(droppedTails).to.deep.equal([]);
      expect(await store.head(signal())).to.deep.equal({ nextSeq: 0, hash: undefined });
      expect(await readAll(store)).to.have.length(0);
    },
  },
  {
    name: 'is read as empty before anyone has opened it',
    async run(harness) {
      const reader = harness.open();
      expect(await readAll(reader)).to.have.length(0);
      expect(await reader.head(signal())).to.deep.equal({ nextSeq: 0, hash: undefined });
      expect(await reader.listObjects('', signal())).to.deep.equal([]);
      expect(await reader.readObject('checkpoints/1', signal())).to.equal(undefined);
    },
  },
  {
    name: 'holds after closing and opening again what was appended',
    async run(harness) {
      const log = new SampleLog();
      const batches = [log.next(2), log.next(), log.next(7)];
      await filled(harness, ...batches);
      const again = harness.open();
      expect((await again.open(signal())).head).to.deep.equal(log.head);
      expectSameBytes(await readAll(again), bytesOf(...batches), 'what was read');
    },
  },
  {
    name: 'goes on after closing and opening again',
    async run(harness) {
      const log = new SampleLog();
      const batches = [log.next(), log.next(3), log.startEpoch(), log.next(2)];
      for (const batch of batches) await filled(harness, batch);
      const store = await opened(harness);
      expectSameBytes(await readAll(store), bytesOf(...batches), 'what was read');
    },
  },
  {
    name: 'tells the head to an instance that did not open it',
    async run(harness) {
      const log = new SampleLog();
      const writer = await opened(harness);
      const reader = harness.open();
      for (const batch of [log.next(), log.next(5), log.next()]) {
        await writer.append(batch, signal());
        const expected = { nextSeq: batch.firstSeq + batch.count, hash: batch.headHash };
        expect(await writer.head(signal())).to.deep.equal(expected);
        expect(await reader.head(signal())).to.deep.equal(expected);
      }
    },
  },
  {
    name: 'names its place without credentials',
    async run(harness) {
      const { location } = harness.open();
      expect(location).to.match(/^[a-z0-9+.-]+:/);
      expect(location).not.to.match(/\/\/[^/]*@/);
      expect(harness.open().location, 'how another instance names it').to.equal(location);
    },
  },
  {
    name: 'knows nothing about errors of others',
    async run(harness) {
      const store = harness.open();
      for (const error of [new Error('of another'), 'text', undefined, null, {}]) {
        expect(store.errorCode(error)).to.equal('unknown');
      }
    },
  },
  {
    name: 'stays the same when opened and closed without appending',
    async run(harness) {
      const log = new SampleLog();
      const batches = [log.next(), log.next(2)];
      await filled(harness, ...batches);
      for (let round = 0; round < 3; round++) await filled(harness);
      const store = await opened(harness);
      expectSameBytes(await readAll(store), bytesOf(...batches), 'what was read');
      await appendAll(store, [log.next()]);
    },
  },
];
