import { expect } from 'chai';
import { FakeClock } from '../testing/index.js';
import { HealthWatch } from './health-watch.js';

describe('HealthWatch', () => {
  it('lets a state be recorded after 30 s, and starts again when it changes', async () => {
    const clock = new FakeClock();
    const watch = new HealthWatch(clock);
    expect(watch.observe('a', 'ready', undefined)).to.equal(30_000);
    await clock.advance(20_000);
    expect(watch.observe('a', 'ready', undefined)).to.equal(10_000);
    expect(watch.observe('a', 'degraded', undefined)).to.equal(30_000);
    await clock.advance(30_000);
    expect(watch.observe('a', 'degraded', undefined)).to.equal(0);
  });

  it('waits as long as it is told', async () => {
    const clock = new FakeClock();
    const watch = new HealthWatch(clock);
    expect(watch.observe('a', 'ready', 'degraded', 600_000)).to.equal(600_000);
    await clock.advance(60_000);
    expect(watch.observe('a', 'ready', 'degraded', 600_000)).to.equal(540_000);
  });

  it('has nothing to record of what was recorded, nor of what is only on its way', () => {
    const watch = new HealthWatch(new FakeClock());
    expect(watch.observe('a', 'ready', 'ready')).to.equal(undefined);
    expect(watch.observe('b', 'progressing', undefined)).to.equal(undefined);
  });

  it('lets be recorded at once that what was recorded is suspended', () => {
    const watch = new HealthWatch(new FakeClock());
    expect(watch.observe('a', 'suspended', 'ready')).to.equal(0);
    expect(watch.observe('a', 'suspended', 'suspended')).to.equal(undefined);
    expect(watch.observe('b', 'suspended', undefined)).to.equal(undefined);
  });
});
