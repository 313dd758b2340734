import { expect } from 'chai';
import { expectSameBytes, opened, outcomeOf, readAll, refusal, signal, verified } from '../asking.js';
import type { EventStoreCase, EventStoreHarness } from '../harness.js';
import { SampleLog } from '../sample-log.js';

const ROUNDS = 4;

export const RACE_CASES: readonly EventStoreCase[] = [
  {
    name: 'refuses a second writer, and takes it after the first has closed',
    needs: ['exclusive'],
    async run(harness) {
      const log = new SampleLog();
      const first = await opened(harness, log.next());
      const second = harness.open();
      expect(await refusal(second, second.open(signal()))).to.equal('locked');
      await first.append(log.next(), signal());
      await first.close();
      const third = await opened(harness, log.next());
      expect(await third.head(signal())).to.deep.equal(log.head);
    },
  },
  {
    name: 'opens for one of 32 writers, whom those that were refused do not disturb',
    needs: ['exclusive'],
    async run(harness) {
      const log = new SampleLog();
      for (let round = 0; round < ROUNDS; round++) {
        const stores = Array.from({ length: 32 }, () => harness.open());
        const outcomes = await Promise.all(stores.map((store) => outcomeOf(store, store.open(signal()))));
        const winner = stores[outcomes.indexOf('done')];
        const others = outcomes.filter((outcome) => outcome !== 'done');
        expect(others, 'what the others were told').to.deep.equal(Array.from({ length: 31 }, () => 'locked'));
        for (const store of stores) if (store !== winner) await store.close();
        const late = harness.open();
        expect(await refusal(late, late.open(signal())), 'after the others have closed').to.equal('locked');
        await winner?.append(log.next(2), signal());
        await winner?.close();
      }
      expect((await verified(harness.open())).headHash).to.equal(log.head.hash);
    },
  },
  {
    name: 'lets one of two writers win each place',
    needs: ['shared'],
    run: (harness) => race(harness, 2, 8),
  },
  {
    name: 'lets one of 32 writers win each place',
    needs: ['shared'],
    run: (harness) => race(harness, 32, ROUNDS),
  },
];

/** All begin a term of their own at the same place, in commits of different sizes; who lost reads and tries again. */
async function race(harness: EventStoreHarness, writers: number, rounds: number): Promise<void> {
  let log = new SampleLog();
  const stores = [await opened(harness, log.next())];
  while (stores.length < writers) stores.push(await opened(harness));
  for (let round = 0; round < rounds; round++) {
    const forks = stores.map(() => log.fork());
    const batches = forks.map((fork, index) => fork.startEpoch(`writer ${index}`, 1 + (index % 5)));
    const outcomes = await Promise.all(
      stores.map((store, index) => outcomeOf(store, store.append(batches[index] ?? log.rival(), signal()))),
    );
    const won = outcomes.indexOf('done');
    const lost = outcomes.filter((outcome) => outcome !== 'done');
    const conflicts = Array.from({ length: writers - 1 }, () => 'conflict');
    expect(lost, 'what those who lost were told').to.deep.equal(conflicts);
    for (const store of stores) {
      const stored = await readAll(store, log.head.nextSeq);
      expectSameBytes(stored, batches[won]?.bytes ?? new Uint8Array(0), 'what a writer reads');
    }
    log = forks[won] ?? log;
  }
  expect((await verified(harness.open())).headHash).to.equal(log.head.hash);
}
