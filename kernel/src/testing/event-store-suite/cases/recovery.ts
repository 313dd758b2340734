import { createHash } from 'node:crypto';
import { ChainVerifier, Damage } from '@rynxs/log';
import { expect } from 'chai';
import type { DroppedTail } from '../../../contracts/event-store.js';
import {
  appendAll,
  bytesOf,
  expectSameBytes,
  filled,
  opened,
  readAll,
  refusal,
  signal,
  verified,
} from '../asking.js';
import type { EventStoreCase, EventStoreHarness } from '../harness.js';
import { SampleLog } from '../sample-log.js';

/** What a crash may leave of a commit. */
export const TORN_TAILS: Readonly<Record<string, (commit: Uint8Array) => Uint8Array>> = {
  'the first byte of a commit': (commit) => commit.slice(0, 1),
  'a commit that lacks its last byte': (commit) => commit.slice(0, -1),
  'whole records that lack the rest of their commit': (commit) => {
    const bytes = Buffer.from(commit);
    return bytes.subarray(0, bytes.indexOf('\n', 1_200) + 1);
  },
  zeros: () => new Uint8Array(4_096),
  'a commit with a hole of zeros': (commit) => commit.slice().fill(0, 900, 1_500),
  'a commit that begins with a hole of zeros': (commit) => commit.slice().fill(0, 0, 700),
  'a commit that ends with a hole of zeros': (commit) => commit.slice().fill(0, 1_500),
  'a commit with a changed byte': (commit) => {
    const bytes = commit.slice();
    bytes[1_000] = (bytes[1_000] ?? 0) ^ 1;
    return bytes;
  },
  noise: () => Uint8Array.from({ length: 3_000 }, (_, index) => (index * index * 31 + 7) % 256),
};

export const RECOVERY_CASES: readonly EventStoreCase[] = [
  ...Object.entries(TORN_TAILS).map(
    ([what, tailOf]): EventStoreCase => ({
      name: `moves aside ${what} after the last commit`,
      needs: ['tear'],
      async run(harness) {
        const log = new SampleLog();
        const batches = [log.next(), log.next(3)];
        const { nextSeq } = log.head;
        const tail = tailOf(log.next(6).bytes);
        await filled(harness, ...batches);
        await harness.tear?.(tail);

        const store = harness.open();
        const { head, droppedTails } = await store.open(signal());
        expect(head).to.deep.equal({ nextSeq, hash: batches[1]?.headHash });
        expect(droppedTails.map(withoutPlace)).to.deep.equal([toldOf(nextSeq, tail)]);
        expect(droppedTails[0]?.keptAs).to.be.a('string').that.is.not.empty;
        expectSameBytes(await readAll(store), bytesOf(...batches), 'what was read');
      },
    }),
  ),
  {
    name: 'moves aside a commit that was cut at or beside any end of a record',
    needs: ['tear'],
    async run(harness) {
      const log = new SampleLog();
      const first = log.next(2);
      const { nextSeq } = log.head;
      const next = log.next(5);
      await filled(harness, first);
      for (const cut of cutsOf(next.bytes)) {
        await harness.tear?.(next.bytes.subarray(0, cut));
        const told = (await droppedAt(harness)).map(({ bytes }) => bytes);
        expect(told, `what is told of a commit that was cut at ${cut}`).to.include(cut);
        expect(await harness.open().head(signal())).to.deep.equal({ nextSeq, hash: first.headHash });
      }
      await filled(harness, next);
      expectSameBytes(await readAll(harness.open()), bytesOf(first, next), 'what was read');
    },
  },
  {
    name: 'reads up to the last whole commit before anyone has moved a torn one aside',
    needs: ['tear'],
    async run(harness) {
      const log = new SampleLog();
      const batches = [log.next(), log.next(3)];
      const { head } = log;
      await filled(harness, ...batches);
      await harness.tear?.(log.next(4).bytes.subarray(0, -50));
      const reader = harness.open();
      expectSameBytes(await readAll(reader), bytesOf(...batches), 'what was read');
      expect(await reader.head(signal())).to.deep.equal(head);
    },
  },
  {
    name: 'tells of a torn commit until its place is taken',
    needs: ['tear'],
    async run(harness) {
      const log = new SampleLog();
      await filled(harness, log.next(2));
      const { nextSeq } = log.head;
      const next = log.next(2);
      const torn = next.bytes.subarray(0, -1);
      await harness.tear?.(torn);
      for (let round = 0; round < 3; round++) {
        expect((await droppedAt(harness)).map(withoutPlace)).to.deep.equal([toldOf(nextSeq, torn)]);
      }
      await filled(harness, next);
      expect(await droppedAt(harness)).to.deep.equal([]);
    },
  },
  {
    name: 'tells of every torn commit when one place was torn again',
    needs: ['tear'],
    async run(harness) {
      const log = new SampleLog();
      await filled(harness, log.next(2));
      const { nextSeq } = log.head;
      const torn = [log.rival(2).bytes.subarray(0, 100), log.next(2).bytes.subarray(0, -1)];
      for (const [index, tail] of torn.entries()) {
        await harness.tear?.(tail);
        const told = await droppedAt(harness);
        const expected = torn.slice(0, index + 1).map((bytes) => toldOf(nextSeq, bytes));
        expect(told.map(withoutPlace)).to.have.deep.members(expected);
        expect(new Set(told.map(({ keptAs }) => keptAs)).size, 'different places').to.equal(told.length);
      }
    },
  },
  {
    name: 'goes on after a torn commit',
    needs: ['tear'],
    async run(harness) {
      const log = new SampleLog();
      const batches = [log.next(2)];
      await filled(harness, ...batches);
      await harness.tear?.(log.rival(9).bytes.subarray(0, 1_500));
      for (let round = 0; round < 3; round++) {
        const batch = log.next(2);
        batches.push(batch);
        await filled(harness, batch);
      }
      const store = await opened(harness);
      expectSameBytes(await readAll(store), bytesOf(...batches), 'what was read');
      expect((await verified(store)).headHash).to.equal(log.head.hash);
    },
  },
  {
    name: 'recovers when nothing but a torn commit is there',
    needs: ['tear'],
    async run(harness) {
      const log = new SampleLog();
      const first = log.next(3);
      const torn = first.bytes.subarray(0, 500);
      await filled(harness);
      await harness.tear?.(torn);
      const store = harness.open();
      const { head, droppedTails } = await store.open(signal());
      expect(head).to.deep.equal({ nextSeq: 0, hash: undefined });
      expect(droppedTails.map(withoutPlace)).to.deep.equal([toldOf(0, torn)]);
      await appendAll(store, [first]);
      expectSameBytes(await readAll(store), first.bytes, 'what was read');
    },
  },
  {
    name: 'never hides damage before the last commit, and changes nothing then',
    needs: ['damage'],
    async run(harness) {
      const log = new SampleLog();
      const batches = [log.next(), log.next(3), log.next(2), log.next()];
      await filled(harness, ...batches);
      await harness.damage?.((batches[0]?.bytes.length ?? 0) + 200);
      const expected = bytesOf(...batches);
      for (let round = 0; round < 2; round++) {
        expect(await damageSeenBy(harness), 'damage that was seen').to.include({
          seq: 1,
          kind: 'hash_mismatch',
        });
        const bytes = await readAll(harness.open());
        expect(bytes, 'bytes that are still there').to.have.length(expected.length);
      }
    },
  },
  {
    name: 'refuses damage before the last commit rather than moving a torn one aside',
    needs: ['damage', 'tear'],
    async run(harness) {
      const log = new SampleLog();
      const batches = [log.next(), log.next(3), log.next(2)];
      await filled(harness, ...batches);
      await harness.tear?.(log.next(2).bytes.subarray(0, 700));
      await harness.damage?.((batches[0]?.bytes.length ?? 0) + 200);
      const store = harness.open();
      expect(await refusal(store, store.open(signal()))).to.equal('damaged');
    },
  },
];

/** One byte before, at and after the end of each record but for the whole commit. */
function cutsOf(commit: Uint8Array): number[] {
  return [...commit.keys()]
    .filter((at) => commit[at] === 0x0a)
    .flatMap((at) => [at, at + 1, at + 2])
    .filter((cut) => cut < commit.length);
}

function withoutPlace({ seq, bytes, sha256 }: DroppedTail): Omit<DroppedTail, 'keptAs'> {
  return { seq, bytes, sha256 };
}

function toldOf(seq: number, tail: Uint8Array): Omit<DroppedTail, 'keptAs'> {
  return { seq, bytes: tail.length, sha256: createHash('sha256').update(tail).digest('hex') };
}

async function droppedAt(harness: EventStoreHarness): Promise<readonly DroppedTail[]> {
  const store = harness.open();
  const { droppedTails } = await store.open(signal());
  await store.close();
  return droppedTails;
}

/** Opens and reads as the kernel does; the damage may show in either. */
async function damageSeenBy(harness: EventStoreHarness): Promise<unknown> {
  const store = harness.open();
  try {
    await store.open(signal());
    const verifier = new ChainVerifier();
    for await (const chunk of store.read(0, signal())) verifier.push(chunk);
    verifier.finish();
    return undefined;
  } catch (error) {
    return error instanceof Damage ? error : error instanceof Error ? error.cause : error;
  } finally {
    await store.close();
  }
}
