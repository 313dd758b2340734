import { expect } from 'chai';
import { FakeClock } from '../testing/index.js';
import { RepeatBackoff } from './repeat-backoff.js';

const HOUR_MS = 3_600_000;

describe('RepeatBackoff', () => {
  let clock: FakeClock;
  let backoff: RepeatBackoff;
  beforeEach(() => {
    clock = new FakeClock();
    backoff = new RepeatBackoff(clock);
  });

  /** How often somebody gets through in an hour who tries each second. */
  const admittedInAnHour = async (what: (attempt: number) => string, subject = 'Deployment/a') => {
    let admitted = 0;
    for (let attempt = 0; attempt < 3_600; attempt += 1) {
      if (backoff.delayMs('agents/default/a', subject, what(attempt)) === 0) admitted += 1;
      await clock.advance(1_000);
    }
    return admitted;
  };

  it('lets the first pass at once, and what comes back later and later', async () => {
    expect(backoff.delayMs('a', 'x', 'w')).to.equal(0);
    expect(backoff.delayMs('a', 'x', 'w')).to.equal(10_000);
    await clock.advance(10_000);
    expect(backoff.delayMs('a', 'x', 'w')).to.equal(0);
    expect(backoff.delayMs('a', 'x', 'w')).to.equal(30_000);
    expect(backoff.delayMs('a', 'y', 'w'), 'another subject').to.equal(0);
    expect(backoff.delayMs('b', 'x', 'w'), 'another object').to.equal(0);
  });

  it('lets the same pass six times in an hour', async () => {
    expect(await admittedInAnHour(() => 'replicas')).to.equal(6);
  });

  it('does not let somebody through who changes something else each time', async () => {
    expect(await admittedInAnHour((attempt) => `field ${attempt}`)).to.equal(9);
  });

  it('waits an hour at most', async () => {
    await admittedInAnHour(() => 'replicas');
    for (let hours = 0; hours < 5; hours += 1) {
      const delayMs = backoff.delayMs('agents/default/a', 'Deployment/a', 'replicas');
      expect(delayMs).to.be.within(0, HOUR_MS);
      await clock.advance(delayMs);
      expect(backoff.delayMs('agents/default/a', 'Deployment/a', 'replicas')).to.equal(0);
    }
  });

  it('starts over after ten quiet minutes, also where something is new', async () => {
    await admittedInAnHour(() => 'replicas');
    await clock.advance(HOUR_MS);
    expect(backoff.delayMs('agents/default/a', 'Deployment/a', 'replicas')).to.equal(0);
    await clock.advance(10 * 60_000 + 1);
    expect(backoff.delayMs('agents/default/a', 'Deployment/a', 'replicas')).to.equal(0);
    expect(backoff.contested('agents/default/a')).to.deep.equal([]);
  });

  it('names what is contested until ten minutes after, and forgets', async () => {
    backoff.delayMs('a', 'x', 'w');
    expect(backoff.contested('a')).to.deep.equal([]);
    await clock.advance(10_000);
    backoff.delayMs('a', 'x', 'w');
    expect(backoff.contested('a')).to.deep.equal(['x']);
    await clock.advance(10 * 60_000 + 1);
    expect(backoff.contested('a')).to.deep.equal([]);
    backoff.forget('a');
    expect(backoff.delayMs('a', 'x', 'w')).to.equal(0);
  });
});
