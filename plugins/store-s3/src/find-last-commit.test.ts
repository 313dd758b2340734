import { expect } from 'chai';
import { CommitList } from './commit-list.js';
import { findLastCommit } from './find-last-commit.js';
import { ObjectKeys } from './object-keys.js';
import type { Listing, ListQuery } from './object-storage.js';
import { type Pause, RetryingReads } from './retrying-reads.js';

const MAX_SEQ = 9_999_999_999;
const NO_PAUSE: Pause = async () => {};
const KEYS = new ObjectKeys('events');
const OBJECT_KEY = KEYS.object('checkpoints/1');
const SIGNAL = new AbortController().signal;

/**
 * A bucket with a commit at every multiple of `step` up to `last` (no commit when it is negative), and one named
 * object, which is made up as it is listed. Counts the pages that were listed.
 */
class MadeUpBucket {
  pages = 0;

  constructor(
    readonly last: number,
    readonly step = 1,
    /** Numbers from the first to the second are missing. */
    readonly hole: readonly [number, number] = [-1, -1],
  ) {}

  commits(): CommitList {
    const storage = {
      location: 's3://made-up',
      server: 'http://made-up',
      putIfAbsent: async () => {},
      get: async () => undefined,
      list: (query: ListQuery) => this.#list(query),
      close: () => {},
    };
    return new CommitList(new RetryingReads(storage, NO_PAUSE), KEYS);
  }

  async #list({ startAfter = '', limit }: ListQuery): Promise<Listing> {
    this.pages += 1;
    const text = startAfter.slice(KEYS.root.length, KEYS.root.length + 10);
    // Between two commits' keys, a key without its end comes before, one with it after.
    const from = Number(text) + (startAfter.endsWith('.json') ? 1 : 0);
    const objects = [];
    let seq = Math.ceil(from / this.step) * this.step;
    for (; seq <= this.last && objects.length < limit; seq += this.step) {
      const [start, end] = this.hole;
      if (seq >= start && seq <= end) seq = Math.ceil((end + 1) / this.step) * this.step;
      if (seq <= this.last) objects.push({ key: KEYS.commit(seq), size: 1 });
    }
    if (objects.length < limit) objects.push({ key: OBJECT_KEY, size: 1 });
    return { objects, isTruncated: seq <= this.last };
  }
}

/** Where logs may end, near the powers of ten and of two as well. */
function ends(): number[] {
  const found = [0, 1, 2, 999, 1_000, 1_001, 1_999, 2_000];
  for (let size = 10_000; size <= MAX_SEQ + 1; size *= 10) found.push(size - 1, size - 1_000, size / 2 + 1);
  for (let size = 2 ** 12; size <= MAX_SEQ; size *= 2) found.push(size, size - 1);
  return [...found, MAX_SEQ, MAX_SEQ - 1, MAX_SEQ - 999, MAX_SEQ - 1_000].filter((seq) => seq <= MAX_SEQ);
}

describe('finding the last commit', () => {
  it('takes at most 24 pages, however long the log is', async function () {
    this.timeout(20_000);
    let most = 0;
    for (const last of ends()) {
      const bucket = new MadeUpBucket(last);
      const found = await findLastCommit(bucket.commits(), 0, SIGNAL);
      expect(found?.firstSeq).to.equal(last);
      expect(bucket.pages, `pages for a log up to seq ${last}`).to.be.at.most(24);
      most = Math.max(most, bucket.pages);
    }
    // The bound is not there for nothing.
    expect(most).to.be.at.least(20);
  });

  it('takes at most 24 pages where commits are large', async () => {
    for (const step of [7, 1_000]) {
      for (const end of ends()) {
        const last = Math.floor(end / step) * step;
        const bucket = new MadeUpBucket(last, step);
        expect((await findLastCommit(bucket.commits(), 0, SIGNAL))?.firstSeq).to.equal(last);
        expect(bucket.pages, `pages for a log up to seq ${last} by ${step}`).to.be.at.most(24);
      }
    }
  });

  it('takes two pages for an empty log and for a short one', async () => {
    for (const last of [-1, 0, 998]) {
      const bucket = new MadeUpBucket(last);
      await findLastCommit(bucket.commits(), 0, SIGNAL);
      expect(bucket.pages, `pages for a log up to seq ${last}`).to.be.at.most(2);
    }
  });

  it('takes one page where the end is near a place that is known', async () => {
    for (const last of [5_000_000, 5_000_900]) {
      const bucket = new MadeUpBucket(last);
      expect((await findLastCommit(bucket.commits(), 5_000_000, SIGNAL))?.firstSeq).to.equal(last);
      expect(bucket.pages).to.equal(1);
    }
  });

  it('finds the end although nothing is at the place that is known, and says when nothing follows it', async () => {
    const ahead = new MadeUpBucket(80_000_000);
    expect((await findLastCommit(ahead.commits(), 1_000, SIGNAL))?.firstSeq).to.equal(80_000_000);
    expect(await findLastCommit(new MadeUpBucket(900).commits(), 1_000, SIGNAL)).to.equal(undefined);
  });

  it('is not misled by a hole', async () => {
    for (const hole of [
      [0, 70_000],
      [1, 1],
      [50_000, 899_999],
    ] as const) {
      const bucket = new MadeUpBucket(900_000, 1, hole);
      expect((await findLastCommit(bucket.commits(), 0, SIGNAL))?.firstSeq).to.equal(900_000);
    }
  });
});
