import { expect } from 'chai';
import type { EventStore } from '../../../contracts/event-store.js';
import {
  bytesOf,
  chunksOf,
  expectSameBytes,
  filled,
  opened,
  readAll,
  rejection,
  settle,
  signal,
  turnsPass,
  verified,
} from '../asking.js';
import type { EventStoreCase } from '../harness.js';
import { type SampleBatch, SampleLog } from '../sample-log.js';

/** When a call is aborted: in turns of the event loop after it began, from at once to after a request or a write. */
const TURNS = [0, 1, 2, 3, 5, 8, 16, 64, 256, 1_024];
const REASON = new Error('the caller gave up');
const VALUE = Buffer.alloc(70_000, 'x');

export const ABORTING_CASES: readonly EventStoreCase[] = [
  {
    name: 'heeds a signal that has aborted, and does nothing then',
    async run(harness) {
      const log = new SampleLog();
      const first = log.next();
      const aborted = AbortSignal.abort(REASON);
      const store = harness.open();
      expect(await rejection(store.open(aborted))).to.equal(REASON);
      await store.close();
      const again = await opened(harness, first);
      const calls = [
        again.append(log.next(), aborted),
        again.head(aborted),
        again.createObject('checkpoints/1', VALUE, aborted),
        again.readObject('checkpoints/1', aborted),
        again.listObjects('', aborted),
        ...(again.trailing === undefined ? [] : [again.trailing(aborted)]),
        ...(again.probe === undefined ? [] : [again.probe(aborted)]),
      ];
      for (const outcome of await Promise.allSettled(calls)) {
        expect(outcome.status === 'rejected' && outcome.reason).to.equal(REASON);
      }
      expectSameBytes(await readAll(again), first.bytes, 'what was read');
      expect(await again.readObject('checkpoints/1', signal())).to.equal(undefined);
    },
  },
  {
    name: 'has all or nothing of an append that was aborted half-way, and takes the same bytes again',
    async run(harness) {
      const log = new SampleLog();
      const batches: SampleBatch[] = [log.next()];
      const store = await opened(harness, ...batches);
      for (const turns of TURNS) {
        const batch = log.next(40);
        batches.push(batch);
        const error = await abortedAfter(turns, (at) => store.append(batch, at));
        const { nextSeq } = await verified(store);
        if (error === undefined) {
          expect(nextSeq, 'the head after success').to.equal(log.head.nextSeq);
          continue;
        }
        if (store.errorCode(error) !== 'ambiguous') {
          expect(nextSeq, 'the head after a failure that is not ambiguous').to.equal(batch.firstSeq);
        }
        await settle(store, batch);
      }
      expectSameBytes(await readAll(store), bytesOf(...batches), 'what is stored in the end');
    },
  },
  {
    name: 'can be opened anew after opening was aborted half-way',
    async run(harness) {
      const log = new SampleLog();
      const batches = [log.next(), log.next(300)];
      await filled(harness, ...batches);
      for (const turns of TURNS) {
        const store = harness.open();
        expectReason(await abortedAfter(turns, (at) => store.open(at)));
        await store.close();
        const batch = log.next();
        batches.push(batch);
        await filled(harness, batch);
      }
      expectSameBytes(await readAll(harness.open()), bytesOf(...batches), 'what was read');
    },
  },
  {
    name: 'goes on after reading, listing and asking were aborted half-way',
    async run(harness) {
      const log = new SampleLog();
      const batches = [log.next(), log.next(300)];
      const store = await opened(harness, ...batches);
      await store.createObject('checkpoints/1', VALUE, signal());
      const asks: ((at: AbortSignal) => Promise<unknown> | undefined)[] = [
        (at) => store.head(at),
        (at) => store.readObject('checkpoints/1', at),
        (at) => store.listObjects('', at),
        (at) => readUnder(at, store),
        (at) => store.trailing?.(at),
        (at) => store.probe?.(at),
      ];
      for (const turns of TURNS) {
        for (const ask of asks) expectReason(await abortedAfter(turns, async (at) => ask(at)));
      }
      expect(await store.head(signal())).to.deep.equal(log.head);
      expectSameBytes(
        (await store.readObject('checkpoints/1', signal())) ?? VALUE.subarray(1),
        VALUE,
        'the object',
      );
      expect(await store.listObjects('checkpoints/', signal())).to.deep.equal(['checkpoints/1']);
      expectSameBytes(await readAll(store), bytesOf(...batches), 'what was read');
    },
  },
  {
    name: 'has all or nothing of an object whose creation was aborted half-way',
    async run(harness) {
      const store = await opened(harness);
      for (const turns of TURNS) {
        const name = `checkpoints/${turns}`;
        const error = await abortedAfter(turns, (at) => store.createObject(name, VALUE, at));
        const stored = await store.readObject(name, signal());
        if (error === undefined || stored !== undefined) {
          expectSameBytes(stored ?? new Uint8Array(0), VALUE, 'the object');
          continue;
        }
        await createdInTheEnd(store, name);
      }
      expect(await store.listObjects('checkpoints/', signal())).to.have.length(TURNS.length);
    },
  },
  {
    name: 'stops reading when the signal aborts',
    async run(harness) {
      const log = new SampleLog();
      const store = await opened(harness, log.next(), ...[1, 2, 3].map(() => log.next(1_000)));
      const controller = new AbortController();
      const reading = (async () => {
        for await (const chunk of store.read(0, controller.signal)) {
          expect(chunk.length).to.be.greaterThan(0);
          controller.abort(REASON);
        }
      })();
      expect(await rejection(reading)).to.equal(REASON);
      const notBegun = store.read(0, AbortSignal.abort(REASON))[Symbol.asyncIterator]();
      expect(await rejection(notBegun.next())).to.equal(REASON);
    },
  },
  {
    name: 'stops reading when the signal aborts while the next chunk is awaited',
    async run(harness) {
      const log = new SampleLog();
      const batches = [log.next(), ...[1, 2, 3, 4, 5, 6].map(() => log.next(1_000))];
      const store = await opened(harness, ...batches);
      for (const turns of TURNS) {
        const controller = new AbortController();
        const reading = store.read(0, controller.signal)[Symbol.asyncIterator]();
        expect((await reading.next()).done).to.equal(false);
        const next = reading.next();
        await turnsPass(turns);
        controller.abort(REASON);
        expect(await rejection(next.then(() => drained(reading)))).to.equal(REASON);
      }
      expectSameBytes(Buffer.concat(await chunksOf(store)), bytesOf(...batches), 'what was read at the end');
    },
  },
];

/** Begins a call and aborts it after so many turns. Returns what it fails with, and undefined when it succeeds. */
async function abortedAfter(turns: number, call: (at: AbortSignal) => Promise<unknown>): Promise<unknown> {
  const controller = new AbortController();
  const ended = call(controller.signal).then(
    () => undefined,
    (error: unknown) => error,
  );
  await Promise.race([ended, turnsPass(turns)]);
  controller.abort(REASON);
  return Promise.race([ended, rejectedAt(signal())]);
}

/** Takes what is left, as long as it comes: what has been read ahead may come still. */
async function drained(reading: AsyncIterator<Uint8Array>): Promise<void> {
  while ((await reading.next()).done !== true);
}

async function readUnder(at: AbortSignal, store: EventStore): Promise<void> {
  for await (const chunk of store.read(0, at)) expect(chunk.length).to.be.greaterThan(0);
}

function rejectedAt(limit: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    limit.addEventListener('abort', () => reject(limit.reason), { once: true });
  });
}

function expectReason(error: unknown): void {
  if (error !== undefined) expect(error, 'why the call was given up').to.equal(REASON);
}

/** Creates an object of which nobody knows whether it is there. */
async function createdInTheEnd(store: EventStore, name: string): Promise<void> {
  try {
    await store.createObject(name, VALUE, signal());
  } catch (error) {
    expect(store.errorCode(error)).to.equal('conflict');
  }
  expectSameBytes(
    (await store.readObject(name, signal())) ?? new Uint8Array(0),
    VALUE,
    'the object in the end',
  );
}
