import { Damage } from '@rynxs/log';
import { expect } from 'chai';
import { bytesOf, expectSameBytes, filled, opened, readAll, rejection, signal } from '../asking.js';
import type { EventStoreCase, EventStoreHarness } from '../harness.js';
import { SampleLog } from '../sample-log.js';

export const KNOWN_SIZE_CASES: readonly EventStoreCase[] = [
  {
    name: 'takes a torn commit for damage when it was known to be whole, and changes nothing then',
    needs: ['tear'],
    async run(harness) {
      const log = new SampleLog();
      const batches = [log.next(), log.next(3)];
      const { nextSeq } = log.head;
      await filled(harness, ...batches);
      const torn = log.next(6).bytes.subarray(0, -1);
      await harness.tear?.(torn);
      for (const knownSize of [nextSeq + 6, nextSeq + 1]) {
        expect((await damageAt(harness, knownSize))?.seq, 'where the damage is').to.be.within(
          nextSeq,
          nextSeq + 5,
        );
        expectSameBytes(await readAll(harness.open()), bytesOf(...batches), 'what was read');
      }
      const { droppedTails } = await harness.open().open(signal(), { knownSize: nextSeq });
      expect(droppedTails.map(({ seq, bytes }) => ({ seq, bytes }))).to.deep.equal([
        { seq: nextSeq, bytes: torn.length },
      ]);
    },
  },
  {
    name: 'takes a last commit that does not verify for damage when it was known to be whole',
    needs: ['damage'],
    async run(harness) {
      const log = new SampleLog();
      const batches = [log.next(), log.next(3), log.next(2)];
      const { nextSeq } = log.head;
      await filled(harness, ...batches);
      await harness.damage?.(bytesOf(...batches.slice(0, 2)).length + 200);
      for (let round = 0; round < 2; round++) {
        const damage = await damageAt(harness, nextSeq);
        expect(damage).to.include({ seq: nextSeq - 2, kind: 'hash_mismatch' });
      }
    },
  },
  {
    name: 'says where it ends when more was known, and leaves the judgement to the caller',
    async run(harness) {
      const log = new SampleLog();
      const empty = harness.open();
      const { head } = await empty.open(signal(), { knownSize: 7 });
      expect(head, 'where nothing is').to.deep.equal({ nextSeq: 0, hash: undefined });
      await empty.close();
      await filled(harness, log.next(), log.next(3));
      const store = harness.open();
      const opening = await store.open(signal(), { knownSize: 1_000 });
      expect(opening).to.deep.equal({ head: log.head, droppedTails: [] });
    },
  },
  {
    name: 'opens as ever when all that was known is there',
    async run(harness) {
      const log = new SampleLog();
      const batches = [log.next(), log.next(3)];
      await filled(harness, ...batches);
      for (const knownSize of [1, 2, 4]) {
        const store = harness.open();
        expect((await store.open(signal(), { knownSize })).head).to.deep.equal(log.head);
        await store.close();
      }
      const store = await opened(harness, log.next());
      expect(await store.head(signal())).to.deep.equal(log.head);
    },
  },
];

/** Opens a log that is known to have reached `knownSize`, which must be refused, and returns the damage. */
async function damageAt(harness: EventStoreHarness, knownSize: number): Promise<Damage | undefined> {
  const store = harness.open();
  const error = await rejection(store.open(signal(), { knownSize }));
  await store.close();
  expect(harness.open().errorCode(error)).to.equal('damaged');
  if (error instanceof Damage) return error;
  return error instanceof Error && error.cause instanceof Damage ? error.cause : undefined;
}
