import { seededRandom } from '@rynxs/kernel/testing';
import { expect } from 'chai';
import fc from 'fast-check';
import { Backoff } from './backoff.js';

describe('Backoff', () => {
  it('stays between 0.8 s and 30 s for any number of failures', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 1, max: 3000 }), (seed, failures) => {
        const backoff = new Backoff(seededRandom(seed));
        for (let count = 0; count < failures; count += 1) expect(backoff.next()).to.be.within(800, 30_000);
      }),
      { numRuns: 20 },
    );
  });

  it('grows, and starts again after a reset', () => {
    const middle = { next: () => 0.5, uuid: () => '', hex: () => '' };
    const backoff = new Backoff(middle);
    const delays = Array.from({ length: 7 }, () => backoff.next());
    expect(delays).to.deep.equal([1200, 2400, 4800, 9600, 19_200, 22_500, 22_500]);
    backoff.reset();
    expect(backoff.next()).to.equal(1200);
  });

  it('does not grow beyond a lower maximum, nor later because of failures under it', () => {
    const backoff = new Backoff({ ...seededRandom(1), next: () => 0.999_999 });
    const delays = Array.from({ length: 20 }, () => Math.round(backoff.next(5_000)));
    expect(delays.slice(0, 4)).to.deep.equal([1600, 3200, 5000, 5000]);
    expect(Math.max(...delays)).to.equal(5000);
    expect(Math.round(backoff.next())).to.equal(6400);
  });
});
