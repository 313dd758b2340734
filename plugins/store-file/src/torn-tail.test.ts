import { type SampleBatch, SampleLog } from '@rynxs/kernel/testing';
import { ChainVerifier, Damage, MAX_BATCH_BYTES } from '@rynxs/log';
import { expect } from 'chai';
import { isTorn } from './torn-tail.js';

/** A log of one commit, and what is verified behind it. */
function judged(log: SampleLog, first: SampleBatch, ...behind: Uint8Array[]): boolean {
  const tail = Buffer.concat(behind);
  const verifier = new ChainVerifier();
  let damage: Damage | undefined;
  try {
    verifier.push(first.bytes);
    verifier.push(tail);
    const summary = verifier.finish();
    expect(summary.nextSeq, 'the tail must not be whole').to.be.lessThan(log.head.nextSeq);
  } catch (error) {
    if (!(error instanceof Damage)) throw error;
    damage = error;
  }
  return isTorn(tail, damage);
}

function flipped(bytes: Uint8Array, at: number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy[at] = (copy[at] ?? 0) ^ 1;
  return copy;
}

describe('isTorn', () => {
  let log: SampleLog;
  let first: SampleBatch;

  beforeEach(() => {
    log = new SampleLog();
    first = log.next(2);
  });

  it('takes a commit without its end for torn', () => {
    const { bytes } = log.next(5);
    for (const length of [1, 8, 9, 200, 433, 1_000, bytes.length - 1]) {
      expect(judged(log, first, bytes.subarray(0, length)), `${length} bytes`).to.equal(true);
    }
  });

  it('takes one bad commit at the end for torn, unless its first record no longer names it', () => {
    const { bytes } = log.next(5);
    const text = Buffer.from(bytes);
    const nameStart = text.indexOf('"meta":{"batch":"');
    const nameEnd = text.indexOf('","', nameStart);
    for (let offset = 0; offset < bytes.length; offset++) {
      // Then it cannot be told from another commit, which had been finished: refusing loses nothing.
      const isUnnamed = offset >= nameStart && offset <= nameEnd;
      expect(judged(log, first, flipped(bytes, offset)), `a flip at ${offset}`).to.equal(!isUnnamed);
    }
  });

  it('takes holes of zeros for torn, wherever they are', () => {
    const { bytes } = log.next(9);
    for (let start = 0; start < bytes.length; start += 256) {
      for (const length of [256, 512, 1_024, 4_096]) {
        const holed = Uint8Array.from(bytes).fill(0, start, start + length);
        expect(judged(log, first, holed), `${length} zeros from ${start}`).to.equal(true);
      }
    }
  });

  it('takes a bad commit for damage when another one follows', () => {
    for (const count of [1, 3]) {
      const bad = log.next(count).bytes;
      const next = log.next(2).bytes;
      for (let offset = 0; offset < bad.length; offset += 5) {
        expect(judged(log, first, flipped(bad, offset), next), `a flip at ${offset}`).to.equal(false);
      }
    }
  });

  it('takes a bad commit for damage when another one follows that is cut short', () => {
    const bad = log.next(1).bytes;
    const next = log.next(3).bytes;
    expect(judged(log, first, flipped(bad, 200), next.subarray(0, -10))).to.equal(false);
  });

  it('takes an overwritten commit for damage when another one follows', () => {
    const bad = log.next(1).bytes;
    const next = log.next(2).bytes;
    expect(judged(log, first, Buffer.alloc(bad.length - 1, 'x'), Buffer.from('\n'), next)).to.equal(false);
  });

  it('cannot tell a commit whose name was zeroed from a hole at the start of the one that follows', () => {
    const bad = Uint8Array.from(log.next(1).bytes).fill(0, 0, 200);
    const next = log.next(2).bytes;
    expect(judged(log, first, bad, next), 'one commit follows').to.equal(true);
    expect(judged(log, first, bad, next, log.next(1).bytes), 'two commits follow').to.equal(false);
  });

  it('takes anything behind the end of a bad commit for damage', () => {
    const bad = log.next(3).bytes;
    expect(judged(log, first, flipped(bad, 200), Buffer.from('{"event":'))).to.equal(false);
  });

  it('takes a whole commit that breaks a rule for damage', () => {
    const skipped = new SampleLog();
    skipped.next(2);
    skipped.next(1);
    expect(judged(log, first, skipped.next(2).bytes), 'a gap').to.equal(false);
    expect(judged(log, first, first.bytes), 'a duplicate').to.equal(false);
    log.startEpoch();
    log.startEpoch();
    const another = new SampleLog();
    another.nextOf([{ payload: { other: true } }]);
    expect(judged(log, first, another.next(1).bytes), 'another chain').to.equal(false);
  });

  it('takes more than a commit may have for damage', () => {
    expect(judged(log, first, new Uint8Array(MAX_BATCH_BYTES)), 'as much as fits').to.equal(true);
    expect(judged(log, first, new Uint8Array(MAX_BATCH_BYTES + 1)), 'one byte more').to.equal(false);
  });
});
