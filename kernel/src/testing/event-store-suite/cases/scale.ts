import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { MAX_BATCH_BYTES } from '@rynxs/log';
import { expect } from 'chai';
import type { EventStore } from '../../../contracts/event-store.js';
import { bytesOf, expectSameBytes, filled, opened, readAll, signal, turnsPass, verified } from '../asking.js';
import type { EventStoreCase, EventStoreHarness } from '../harness.js';
import { type SampleBatch, SampleLog } from '../sample-log.js';

/** More than an object store tells of on one page of its keys. */
const MANY = 1_050;
const SLOW_LIMIT_MS = 120_000;
const LARGE_COMMITS = 48;
const MAX_HELD_BYTES = 24 * 1_048_576;
const NEGLIGIBLE_BYTES = 65_536;
const MAX_COLLECTIONS_IN_VAIN = 5;

export const SCALE_CASES: readonly EventStoreCase[] = [
  {
    name: 'finds everything among more commits than are listed at once',
    limitMs: SLOW_LIMIT_MS,
    async run(harness) {
      const log = new SampleLog();
      const batches = Array.from({ length: MANY }, (_, index) => log.next(1 + (index % 3)));
      await filled(harness, ...batches);
      const store = harness.open();
      expect(await store.head(signal()), 'the head of one that did not open it').to.deep.equal(log.head);
      expect((await store.open(signal())).head).to.deep.equal(log.head);
      for (const at of [0, 998, 999, 1_000, 1_001, MANY - 1]) {
        const seq = batches[at]?.firstSeq ?? 0;
        expectSameBytes(
          await readAll(store, seq),
          bytesOf(...batches.slice(at)),
          `what was read from seq ${seq}`,
        );
      }
      await store.append(log.next(), signal());
      expect((await verified(store)).commits).to.equal(MANY + 1);
    },
  },
  {
    name: 'lists more objects than are listed at once, also page by page',
    limitMs: SLOW_LIMIT_MS,
    async run(harness) {
      const store = await opened(harness);
      const names = Array.from(
        { length: MANY },
        (_, index) => `checkpoints/${`${index * 7}`.padStart(10, '0')}`,
      );
      await Promise.all([0, 1, 2, 3].map((worker) => createEvery(store, names, worker, 4)));
      await store.createObject('snapshots/1', Buffer.from('x'), signal());
      expect(await store.listObjects('checkpoints/', signal())).to.deep.equal(names);
      expect(await store.listObjects('', signal())).to.deep.equal([...names, 'snapshots/1']);
      for (const limit of [1, 300, 1_000, 1_001]) {
        expect(await pages(store, limit, limit === 1 ? 20 : MANY), `pages of ${limit}`).to.deep.equal(
          names.slice(0, limit === 1 ? 20 : MANY),
        );
      }
    },
  },
  {
    name: 'takes the largest commits and the smallest in turn',
    async run(harness) {
      const log = new SampleLog();
      const batches = [log.next()];
      for (let round = 0; round < 3; round++) batches.push(largestCommit(log), log.nextOf([{}]));
      for (const batch of batches) await filled(harness, batch);
      const store = await opened(harness);
      expectSameBytes(await readAll(store), bytesOf(...batches), 'what was read');
      for (const { firstSeq } of batches.slice(-2)) {
        const rest = batches.filter((batch) => batch.firstSeq >= firstSeq);
        expectSameBytes(
          await readAll(store, firstSeq),
          bytesOf(...rest),
          `what was read from seq ${firstSeq}`,
        );
      }
    },
  },
  {
    name: 'holds a small part of a large log in memory for a reader that pauses',
    limitMs: SLOW_LIMIT_MS,
    async run(harness) {
      const { headHash, bytes } = await largeLog(harness);
      const before = await heldBytes();
      const paused = harness.open().read(0, AbortSignal.timeout(SLOW_LIMIT_MS))[Symbol.asyncIterator]();
      const first = await paused.next();
      // What another one reads meanwhile tells how much time the paused one's store has had to read on.
      expect((await verified(harness.open())).headHash).to.equal(headHash);
      const held = (await heldBytes(before + MAX_HELD_BYTES)) - before;
      expect(held, `bytes in memory for a log of ${bytes}`).to.be.at.most(MAX_HELD_BYTES);
      let read = first.done === true ? 0 : first.value.length;
      for (let next = await paused.next(); next.done !== true; next = await paused.next())
        read += next.value.length;
      expect(read, 'bytes that the paused one has read in the end').to.equal(bytes);
    },
  },
];

async function createEvery(
  store: EventStore,
  names: readonly string[],
  from: number,
  step: number,
): Promise<void> {
  for (let at = from; at < names.length; at += step) {
    await store.createObject(names[at] ?? '', Buffer.from(`${at}`), signal());
  }
}

/** The first `count` names under `checkpoints/`, as a reader gets them that asks for `limit` at a time. */
async function pages(store: EventStore, limit: number, count: number): Promise<string[]> {
  const found: string[] = [];
  while (found.length < count) {
    const startAfter = found.at(-1);
    const options = startAfter === undefined ? { limit } : { limit, startAfter };
    const page = await store.listObjects('checkpoints/', signal(), options);
    if (page.length === 0) break;
    expect(page.length, 'names on a page').to.be.at.most(limit);
    found.push(...page);
  }
  return found;
}

/** The next commit of `log`, of as many bytes as a commit may have. */
function largestCommit(log: SampleLog): SampleBatch {
  const texts = Array.from({ length: 20 }, () => 'x'.repeat(50_000));
  const { length } = log.fork().nextOf([...texts, ''].map(() => ({ payload: { text: '' } }))).bytes;
  const left = MAX_BATCH_BYTES - length - texts.join('').length;
  const batch = log.nextOf([...texts, 'x'.repeat(left)].map((text) => ({ payload: { text } })));
  expect(batch.bytes, 'the largest commit').to.have.length(MAX_BATCH_BYTES);
  return batch;
}

/** Fills the place with large commits, none of which stays in memory here. */
async function largeLog(harness: EventStoreHarness): Promise<{ headHash: string; bytes: number }> {
  const log = new SampleLog();
  const store = await opened(harness, log.next());
  let bytes = (await readAll(store)).length;
  for (let commit = 0; commit < LARGE_COMMITS; commit++) {
    const batch = largestCommit(log);
    await store.append(batch, signal());
    bytes += batch.bytes.length;
  }
  await store.close();
  return { headHash: log.head.hash ?? '', bytes };
}

/**
 * Memory in use without garbage: at most `enough`, or what is left when collections bring it no further down. Memory of
 * buffers is given back some time after a collection has found that nobody has them, so several must have tried in vain.
 */
async function heldBytes(enough = 0): Promise<number> {
  setFlagsFromString('--expose-gc');
  const collectGarbage = runInNewContext('gc') as () => void;
  let held = Number.POSITIVE_INFINITY;
  for (let inVain = 0; inVain < MAX_COLLECTIONS_IN_VAIN && held > enough; ) {
    collectGarbage();
    await turnsPass(5);
    const { heapUsed, external } = process.memoryUsage();
    inVain = heapUsed + external < held - NEGLIGIBLE_BYTES ? 0 : inVain + 1;
    held = Math.min(held, heapUsed + external);
  }
  return held;
}
