import { expect } from 'chai';
import { BackOff } from './back-off.js';

describe('back-off of a container', () => {
  it('starts again at once, then waits 10 s, doubled up to 5 min', () => {
    const backOff = new BackOff();
    const waits = Array.from({ length: 8 }, () => backOff.next(100));
    expect(waits).to.deep.equal([0, 10_000, 20_000, 40_000, 80_000, 160_000, 300_000, 300_000]);
  });

  it('begins anew after a run of 10 min', () => {
    const backOff = new BackOff();
    for (let run = 0; run < 5; run += 1) backOff.next(100);
    expect([backOff.next(600_000), backOff.next(100)]).to.deep.equal([0, 10_000]);
  });
});
