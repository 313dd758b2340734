import { expect } from 'chai';
import { bytesOf, expectSameBytes, filled, opened, readAll, rejection, signal } from '../asking.js';
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
      const appending = store.append(second, signal()).then(
        () => 'done',
        (error: unknown) => store.errorCode(error),
      );
      await store.close();
      const outcome = await appending;
      expect(outcome).to.be.oneOf(['done', 'closed']);
      const expected = outcome === 'done' ? bytesOf(first, second) : first.bytes;
      expectSameBytes(await readAll(await opened(harness)), expected, 'what was read afterwards');
    },
  },
  {
    name: 'heeds a signal that has aborted, and does nothing then',
    async run(harness) {
      const log = new SampleLog();
      const first = log.next();
      const reason = new Error('the caller gave up');
      const aborted = AbortSignal.abort(reason);
      const store = harness.open();
      expect(await rejection(store.open(aborted))).to.equal(reason);
      await store.close();
      const again = await opened(harness, first);
      expect(await rejection(again.append(log.next(), aborted))).to.equal(reason);
      expect(await rejection(again.head(aborted))).to.equal(reason);
      expect(await rejection(again.createObject('checkpoints/1', Buffer.from('x'), aborted))).to.equal(
        reason,
      );
      expect(await rejection(again.readObject('checkpoints/1', aborted))).to.equal(reason);
      expect(await rejection(again.listObjects('', aborted))).to.equal(reason);
      expectSameBytes(await readAll(again), first.bytes, 'what was read');
      expect(await again.readObject('checkpoints/1', signal())).to.equal(undefined);
    },
  },
  {
    name: 'stops reading when the signal aborts',
    async run(harness) {
      const log = new SampleLog();
      const store = await opened(harness, log.next(), ...[1, 2, 3].map(() => log.next(1_000)));
      const reason = new Error('the reader gave up');
      const controller = new AbortController();
      const reading = (async () => {
        for await (const chunk of store.read(0, controller.signal)) {
          expect(chunk.length).to.be.greaterThan(0);
          controller.abort(reason);
        }
      })();
      expect(await rejection(reading)).to.equal(reason);
      const notBegun = store.read(0, AbortSignal.abort(reason))[Symbol.asyncIterator]();
      expect(await rejection(notBegun.next())).to.equal(reason);
    },
  },
  {
    name: 'lets a new instance go on after a crash, with everything acknowledged',
    needs: 'crash',
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
];
