import { expect } from 'chai';
import { bytesOf, expectSameBytes, opened, readAll, refusal, signal, verified } from '../asking.js';
import type { EventStoreCase } from '../harness.js';
import { SampleLog, sampleBatch } from '../sample-log.js';

/** What the new writer puts where the old one still believes to be: commits of 3 and of 7 records. */
const NEW_RECORDS = 10;

export const FENCING_CASES: readonly EventStoreCase[] = [
  {
    name: 'refuses a writer that was overtaken, whatever the size of its batch',
    needs: ['shared'],
    async run(harness) {
      const log = new SampleLog();
      const first = await opened(harness, log.next(), log.next(4));
      for (const count of [1, 2, 3, 4, NEW_RECORDS, NEW_RECORDS + 1, 100]) {
        const old = await opened(harness);
        const stale = log.fork().next(count);
        const news = [log.startEpoch(undefined, 3), log.next(7)];
        for (const batch of news) await first.append(batch, signal());
        for (let attempt = 0; attempt < 2; attempt++) {
          expect(await refusal(old, old.append(stale, signal())), `a batch of ${count}`).to.equal('conflict');
        }
        expectSameBytes(await readAll(old, stale.firstSeq), bytesOf(...news), 'what the old writer reads');
        await old.close();
      }
      expect((await verified(harness.open())).headHash).to.equal(log.head.hash);
    },
  },
  {
    name: "refuses a writer whose batch begins within another one's commit",
    needs: ['shared'],
    async run(harness) {
      const log = new SampleLog();
      const newer = await opened(harness, log.next(5));
      const { nextSeq } = log.head;
      const olds = [];
      for (let behind = 0; behind < NEW_RECORDS; behind++) olds.push(await opened(harness));
      await newer.append(log.startEpoch(undefined, 3), signal());
      await newer.append(log.next(7), signal());
      for (const [behind, old] of olds.entries()) {
        const stale = sampleBatch(NEW_RECORDS, { firstSeq: nextSeq + behind, prevHash: 'a'.repeat(64) });
        expect(await refusal(old, old.append(stale, signal())), `from ${behind}`).to.equal('conflict');
      }
      expect((await verified(harness.open())).headHash).to.equal(log.head.hash);
    },
  },
  {
    name: 'lets a writer that was overtaken begin a new term, once it has read what overtook it',
    needs: ['shared'],
    async run(harness) {
      const log = new SampleLog();
      const writers = [await opened(harness, log.next()), await opened(harness)];
      for (let term = 0; term < 6; term++) {
        const [loser, winner] = term % 2 === 0 ? writers : writers.toReversed();
        const stale = log.fork().next(2);
        const batch = log.startEpoch(undefined, 1 + (term % 3));
        await winner?.append(batch, signal());
        if (loser === undefined) continue;
        expect(await refusal(loser, loser.append(stale, signal()))).to.equal('conflict');
        expectSameBytes(await readAll(loser, stale.firstSeq), batch.bytes, 'what overtook it');
        await loser.append(log.startEpoch(), signal());
      }
      expect((await verified(harness.open())).headHash).to.equal(log.head.hash);
    },
  },
];
