import { expect } from 'chai';
import { FakeClock } from '../testing/index.js';
import { SettleTimeout } from './settle-timeout.js';

describe('the time to settle a commit', () => {
  let clock: FakeClock;
  let timeout: SettleTimeout;
  beforeEach(() => {
    clock = new FakeClock();
    timeout = new SettleTimeout(clock, 30_000);
  });

  it('is over when a commit takes longer', async () => {
    timeout.begin();
    await clock.advance(29_999);
    expect(timeout.signal.aborted).to.equal(false);
    await clock.advance(1);
    expect(timeout.signal.aborted).to.equal(true);
    expect(String(timeout.signal.reason)).to.contain('not settled within 30000 ms');
  });

  it('begins anew with each commit, by one timer for all of them', async () => {
    for (let commit = 0; commit < 100; commit += 1) {
      using _ = timeout.begin();
      await clock.advance(20_000);
      expect(clock.pending).to.equal(1);
    }
    expect(timeout.signal.aborted).to.equal(false);
    timeout.begin();
    await clock.advance(30_000);
    expect(timeout.signal.aborted).to.equal(true);
  });

  it('leaves no timer behind when nothing is under way, nor when it is given up', async () => {
    timeout.begin()[Symbol.dispose]();
    await clock.advance(30_000);
    expect(clock.pending).to.equal(0);
    timeout.begin();
    timeout[Symbol.dispose]();
    expect(clock.pending).to.equal(0);
  });
});
