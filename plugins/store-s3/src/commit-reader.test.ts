import { sampleBatch } from '@rynxs/kernel/testing';
import { Damage } from '@rynxs/log';
import { expect } from 'chai';
import { CommitList } from './commit-list.js';
import { readCommits } from './commit-reader.js';
import { ObjectKeys } from './object-keys.js';
import { type ObjectStorage, ObjectStorageError } from './object-storage.js';
import { RetryingReads } from './retrying-reads.js';
import { MemoryBucket, MemoryObjectStorage } from './testing/memory-object-storage.js';

const KEYS = new ObjectKeys('events');

describe('reading commits', () => {
  let bucket: MemoryBucket;
  /** GETs under way, and the most at a time. */
  let underWay: number;
  let most: number;

  beforeEach(() => {
    bucket = new MemoryBucket();
    underWay = 0;
    most = 0;
  });

  function read(fromSeq: number, signal = AbortSignal.timeout(5_000)): AsyncGenerator<Uint8Array> {
    const memory = new MemoryObjectStorage(bucket);
    const storage: ObjectStorage = {
      location: memory.location,
      server: memory.server,
      putIfAbsent: (...args) => memory.putIfAbsent(...args),
      list: (...args) => memory.list(...args),
      close: () => memory.close(),
      get: async (...args) => {
        underWay += 1;
        most = Math.max(most, underWay);
        try {
          return await memory.get(...args);
        } finally {
          underWay -= 1;
        }
      },
    };
    const reads = new RetryingReads(storage, async () => {});
    return readCommits(new CommitList(reads, KEYS), reads, fromSeq, signal);
  }

  /** Commits of `count` records at each of `seqs`. */
  function put(seqs: readonly number[], count = 1, bytes?: Uint8Array): void {
    for (const firstSeq of seqs) {
      bucket.put(KEYS.commit(firstSeq), bytes ?? sampleBatch(count, { firstSeq }).bytes);
    }
  }

  async function seqsOf(chunks: AsyncIterable<Uint8Array>): Promise<number[]> {
    const seqs: number[] = [];
    for await (const chunk of chunks) {
      const [line] = Buffer.from(chunk).toString().split('\n', 1);
      seqs.push((JSON.parse(line ?? '') as { event: { seq: number } }).event.seq);
    }
    return seqs;
  }

  const range = (from: number, to: number): number[] =>
    Array.from({ length: to - from }, (_, index) => from + index);

  it('fetches a few at a time, and gives them in order', async () => {
    put(range(0, 60));
    expect(await seqsOf(read(0))).to.deep.equal(range(0, 60));
    expect(most).to.be.within(2, 16);
  });

  it('holds no more than a bounded number of bytes for a reader that pauses', async () => {
    put(range(0, 60), 1, Buffer.alloc(1_048_576, '{}\n'));
    const reader = read(0);
    await reader.next();
    expect(bucket.count('get')).to.be.within(1, 17);
    await reader.return(undefined);
  });

  it('begins with the commit that holds what was asked for', async () => {
    put([0, 10, 20, 1_000, 2_000], 10);
    put([30], 970);
    for (const [from, first] of [
      [0, 0],
      [9, 0],
      [10, 10],
      [19, 10],
      [30, 30],
      [999, 30],
      [1_000, 1_000],
      [2_009, 2_000],
    ] as const) {
      expect((await seqsOf(read(from)))[0], `from ${from}`).to.equal(first);
    }
    expect(await seqsOf(read(2_010))).to.deep.equal([]);
    expect(await seqsOf(read(9_999_999_999))).to.deep.equal([]);
  });

  it('shows a hole as it is', async () => {
    put([0, 1, 5, 6]);
    expect(await seqsOf(read(0))).to.deep.equal([0, 1, 5, 6]);
    expect(await seqsOf(read(3))).to.deep.equal([1, 5, 6]);
    put([5_000]);
    expect(await seqsOf(read(4_000))).to.deep.equal([5_000]);
  });

  it('goes on to the end over many pages', async () => {
    put(range(0, 2_345));
    expect(await seqsOf(read(0))).to.deep.equal(range(0, 2_345));
    expect(await seqsOf(read(1_500))).to.deep.equal(range(1_500, 2_345));
  });

  it('reports an object that was deleted after it was listed', async () => {
    put(range(0, 30));
    bucket.fault = ({ method }) => {
      if (method === 'get') bucket.delete(KEYS.commit(20));
      return undefined;
    };
    const failure = await seqsOf(read(0)).catch((error: unknown) => error);
    expect(failure).to.be.instanceOf(Damage).that.includes({ kind: 'gap', seq: 20 });
  });

  it('gives every request up when the reader stops', async () => {
    put(range(0, 50));
    for await (const chunk of read(0)) {
      expect(chunk.length).to.be.above(0);
      break;
    }
    expect(underWay).to.equal(0);
  });

  it('leaves no listeners on a signal that goes on', async () => {
    put(range(0, 3));
    const controller = new AbortController();
    let listeners = 0;
    const { signal } = controller;
    const add = signal.addEventListener.bind(signal);
    const remove = signal.removeEventListener.bind(signal);
    signal.addEventListener = (...args: Parameters<typeof add>) => {
      listeners += 1;
      add(...args);
    };
    signal.removeEventListener = (...args: Parameters<typeof remove>) => {
      listeners -= 1;
      remove(...args);
    };
    for (let round = 0; round < 3; round++) await seqsOf(read(0, signal));
    expect(listeners).to.equal(0);
  });

  it('repeats a read that fails for the moment, and throws what does not pass', async () => {
    put(range(0, 20));
    let failures = 0;
    bucket.fault = () => {
      failures += 1;
      return failures % 3 === 0 ? { kind: 'unavailable' } : undefined;
    };
    expect(await seqsOf(read(0))).to.deep.equal(range(0, 20));
    bucket.fault = ({ key }) => (key === KEYS.commit(7) ? { kind: 'denied' } : undefined);
    const failure = await seqsOf(read(0)).catch((error: unknown) => error);
    expect(failure).to.be.instanceOf(ObjectStorageError).with.property('kind', 'denied');
    expect(underWay).to.equal(0);
  });
});
