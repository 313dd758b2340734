import { expect } from 'chai';
import {
  bytesOf,
  expectSameBytes,
  filled,
  opened,
  outcomeOf,
  readAll,
  signal,
  turnsPass,
  verified,
} from '../asking.js';
import type { EventStoreCase } from '../harness.js';
import { SampleLog } from '../sample-log.js';

export const LIFECYCLE_CASES: readonly EventStoreCase[] = [
  {
    name: 'refuses calls after closing, and closes twice without complaint',
    async run(harness) {
      const log = new SampleLog();
      const store = await opened(harness, log.next());
      await store.close();
      await store.close();
      const calls = [
        store.open(signal()),
        store.append(log.next(), signal()),
        store.head(signal()),
        readAll(store),
        store.createObject('checkpoints/1', Buffer.from('x'), signal()),
        store.readObject('checkpoints/1', signal()),
        store.listObjects('', signal()),
        ...(store.trailing === undefined ? [] : [store.trailing(signal())]),
        ...(store.probe === undefined ? [] : [store.probe(signal())]),
      ];
      for (const outcome of await Promise.allSettled(calls)) {
        expect(outcome.status === 'rejected' && store.errorCode(outcome.reason)).to.equal('closed');
      }
    },
  },
  {
    name: 'closes without having been opened',
    async run(harness) {
      await harness.open().close();
      await opened(harness, new SampleLog().next());
    },
  },
  {
    name: 'finishes an append that is under way before it closes',
    async run(harness) {
      const log = new SampleLog();
      const [first, second] = [log.next(), log.next(500)];
      const store = await opened(harness, first);
      const appending = outcomeOf(store, store.append(second, signal()));
      await store.close();
      const outcome = await appending;
      expect(outcome).to.be.oneOf(['done', 'closed']);
      const expected = outcome === 'done' ? bytesOf(first, second) : first.bytes;
      expectSameBytes(await readAll(await opened(harness)), expected, 'what was read afterwards');
    },
  },
  {
    name: 'gives its place free when it is closed while it opens',
    async run(harness) {
      const log = new SampleLog();
      const batches = [log.next(), log.next(300)];
      await filled(harness, ...batches);
      for (const turns of [0, 1, 2, 8, 64]) {
        const store = harness.open();
        const opening = outcomeOf(store, store.open(signal()));
        await turnsPass(turns);
        await store.close();
        expect(await opening).to.be.oneOf(['done', 'closed']);
        await filled(harness);
      }
      expectSameBytes(await readAll(await opened(harness)), bytesOf(...batches), 'what was read afterwards');
    },
  },
  {
    name: 'lets a new instance go on after a crash, with everything acknowledged',
    needs: ['crash'],
    async run(harness) {
      const log = new SampleLog();
      const batches = [];
      for (let round = 0; round < 4; round++) {
        const store = await opened(harness);
        expectSameBytes(await readAll(store), bytesOf(...batches), 'what was read after a crash');
        for (const batch of [log.next(3), log.next()]) {
          await store.append(batch, signal());
          batches.push(batch);
        }
        await harness.crash?.(store);
      }
      await filled(harness);
      expectSameBytes(await readAll(harness.open()), bytesOf(...batches), 'what was read at the end');
    },
  },
  {
    name: 'decides between the last append of a writer that crashed and the first one of its successor',
    needs: ['crash', 'shared'],
    async run(harness) {
      let log = new SampleLog();
      await filled(harness, log.next());
      for (const turns of [0, 1, 2, 4, 16, 64]) {
        const old = await opened(harness);
        const withLate = log.fork();
        const late = withLate.next(5);
        const appending = outcomeOf(old, old.append(late, signal()));
        await turnsPass(turns);
        await harness.crash?.(old);

        const heir = await opened(harness);
        const { nextSeq } = await heir.head(signal());
        let isLateStored = nextSeq > late.firstSeq;
        const own = (isLateStored ? withLate : log).fork();
        const outcome = await outcomeOf(heir, heir.append(own.startEpoch(), signal()));
        if (outcome === 'conflict') {
          isLateStored = true;
          expectSameBytes(await readAll(heir, late.firstSeq), late.bytes, 'what the heir finds');
        }
        log = outcome === 'done' ? own : withLate;
        expect(await appending, 'what the old writer is told').to.satisfy(
          (told: string) => told !== 'done' || isLateStored,
        );
        expect((await verified(heir)).headHash).to.equal(log.head.hash);
      }
    },
  },
];
