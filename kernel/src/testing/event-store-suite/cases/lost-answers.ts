import { expect } from 'chai';
import type { Batch } from '../../../contracts/event-store.js';
import { expectSameBytes, filled, opened, outcomeOf, readAll, refusal, settle, signal } from '../asking.js';
import type { EventStoreCase, EventStoreHarness, WriteFate } from '../harness.js';
import { SampleLog } from '../sample-log.js';

export const LOST_ANSWER_CASES: readonly EventStoreCase[] = [
  ...(['written', 'unwritten'] as const).map(
    (fate): EventStoreCase => ({
      name: `settles what was ${fate} while its answer was lost, or says that it does not know`,
      needs: ['loseAnswer'],
      async run(harness) {
        const log = new SampleLog();
        const store = await opened(harness, log.next());
        for (const count of [1, 3, 200]) {
          const batch = log.next(count);
          harness.loseAnswer?.(store, fate);
          const outcome = await outcomeOf(store, store.append(batch, signal()));
          expect(outcome, 'what the store says').to.be.oneOf(['done', 'ambiguous']);
          const stored = await readAll(store, batch.firstSeq);
          const isStored = outcome === 'done' || fate === 'written';
          expectSameBytes(stored, isStored ? batch.bytes : new Uint8Array(0), `what is stored (${outcome})`);
          await settle(store, batch);
          await store.append(log.next(), signal());
        }
        expect(await store.head(signal())).to.deep.equal(log.head);
      },
    }),
  ),
  {
    name: 'has what was written while its answer was lost when it is opened again',
    needs: ['loseAnswer'],
    async run(harness) {
      const log = new SampleLog();
      const [first, batch] = [log.next(), log.next(3)];
      await sentWithoutAnswer(harness, first, batch, 'written');
      const store = harness.open();
      expect((await store.open(signal())).head).to.deep.equal(log.head);
      expect(await refusal(store, store.append(batch, signal()))).to.equal('conflict');
    },
  },
  {
    name: 'takes other bytes for a conflict, once something was written while its answer was lost',
    needs: ['loseAnswer'],
    async run(harness) {
      const log = new SampleLog();
      const [first, rival, batch] = [log.next(), log.rival(3), log.next(3)];
      await sentWithoutAnswer(harness, first, batch, 'written');
      const store = await opened(harness);
      expect(await refusal(store, store.append(rival, signal()))).to.equal('conflict');
      expectSameBytes(await readAll(store, batch.firstSeq), batch.bytes, 'what is stored');
    },
  },
  {
    name: 'takes what another writer has written meanwhile for a conflict, not for its own',
    needs: ['loseAnswer', 'shared'],
    async run(harness) {
      const log = new SampleLog();
      const [store, other] = [await opened(harness, log.next()), await opened(harness)];
      const [rival, batch] = [log.rival(3), log.next(3)];
      harness.loseAnswer?.(store, 'unwritten');
      const outcome = await outcomeOf(store, store.append(batch, signal()));
      if (outcome === 'done') {
        expect(await refusal(other, other.append(rival, signal()))).to.equal('conflict');
        return;
      }
      expect(outcome).to.equal('ambiguous');
      await other.append(rival, signal());
      expect(await refusal(store, store.append(batch, signal()))).to.equal('conflict');
      expectSameBytes(await readAll(store, batch.firstSeq), rival.bytes, 'what is stored');
    },
  },
];

/** Leaves a place to which `first` and then `batch` was sent, of which the writer has not heard. */
async function sentWithoutAnswer(
  harness: EventStoreHarness,
  first: Batch,
  batch: Batch,
  fate: WriteFate,
): Promise<void> {
  await filled(harness, first);
  const store = await opened(harness);
  harness.loseAnswer?.(store, fate);
  expect(await outcomeOf(store, store.append(batch, signal()))).to.be.oneOf(['done', 'ambiguous']);
  await store.close();
}
