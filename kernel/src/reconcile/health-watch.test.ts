import { expect } from 'chai';
import { FakeClock, FakeTelemetry } from '../testing/index.js';
import { HealthWatch } from './health-watch.js';
import { type ObjectHealth, ObjectMetrics } from './object-metrics.js';

describe('HealthWatch', () => {
  const start = (clock = new FakeClock(), telemetry = new FakeTelemetry()) =>
    new HealthWatch(clock, new ObjectMetrics('widget', telemetry));

  it('lets a state be recorded after 30 s, and starts again when it changes', async () => {
    const clock = new FakeClock();
    const watch = start(clock);
    expect(watch.observe('a', 'ready', undefined)).to.equal(30_000);
    await clock.advance(20_000);
    expect(watch.observe('a', 'ready', undefined)).to.equal(10_000);
    expect(watch.observe('a', 'degraded', undefined)).to.equal(30_000);
    await clock.advance(30_000);
    expect(watch.observe('a', 'degraded', undefined)).to.equal(0);
  });

  it('waits as long as it is told', async () => {
    const clock = new FakeClock();
    const watch = start(clock);
    expect(watch.observe('a', 'ready', 'degraded', 600_000)).to.equal(600_000);
    await clock.advance(60_000);
    expect(watch.observe('a', 'ready', 'degraded', 600_000)).to.equal(540_000);
  });

  it('has nothing to record of what was recorded, nor of what is only on its way', () => {
    const watch = start();
    expect(watch.observe('a', 'ready', 'ready')).to.equal(undefined);
    expect(watch.observe('b', 'progressing', undefined)).to.equal(undefined);
  });

  it('lets be recorded at once that what was recorded is suspended', () => {
    const watch = start();
    expect(watch.observe('a', 'suspended', 'ready')).to.equal(0);
    expect(watch.observe('a', 'suspended', 'suspended')).to.equal(undefined);
    expect(watch.observe('b', 'suspended', undefined)).to.equal(undefined);
  });

  it('has nothing to record of kinds that say nothing of how their objects do', () => {
    expect(start().observe('a', 'none', undefined)).to.equal(undefined);
  });

  it('counts the objects that it was told of, as they are now', () => {
    const telemetry = new FakeTelemetry();
    const objects = new ObjectMetrics('widget', telemetry);
    const watch = new HealthWatch(new FakeClock(), objects);
    const count = (health: ObjectHealth) =>
      telemetry.value('rynxs_objects', { reconciler: 'widget', health });
    expect(count('degraded')).to.equal(0);
    watch.observe('a', 'progressing', undefined);
    watch.observe('b', 'degraded', undefined);
    watch.observe('c', 'none', undefined);
    watch.observe('a', 'ready', undefined);
    watch.observe('a', 'ready', undefined);
    expect([count('ready'), count('progressing'), count('degraded'), count('none')]).to.deep.equal([
      1, 0, 1, 1,
    ]);
    watch.forget('b');
    watch.forget('b');
    expect(count('degraded')).to.equal(0);
    objects[Symbol.dispose]();
    expect([count('ready'), count('none')]).to.deep.equal([0, 0]);
  });
});
