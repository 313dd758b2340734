import { expect } from 'chai';
import { FakeClock } from './fake-clock.js';
import { FakeLeadership } from './fake-leadership.js';
import { FakeTelemetry } from './fake-telemetry.js';
import { seededRandom } from './seeded-random.js';

describe('FakeClock', () => {
  it('stands still until it is moved', async () => {
    const clock = new FakeClock(1_000);
    expect([clock.now(), clock.monotonic()]).to.deep.equal([1_000, 0]);
    await clock.advance(50);
    expect([clock.now(), clock.monotonic()]).to.deep.equal([1_050, 50]);
  });

  it('fires timers in the order in which they are due, each at its time, also those set on the way', async () => {
    const clock = new FakeClock(0);
    const fired: [string, number][] = [];
    const note = (name: string) => () => fired.push([name, clock.now()]);
    clock.schedule(30, note('late'));
    clock.schedule(10, () => {
      note('first')();
      clock.schedule(10, note('nested'));
    });
    clock.schedule(10, note('second'));
    clock.schedule(31, note('never'));
    await clock.advance(30);
    expect(fired).to.deep.equal([
      ['first', 10],
      ['second', 10],
      ['nested', 20],
      ['late', 30],
    ]);
    expect(clock.pending).to.equal(1);
  });

  it('lets what a timer sets off run before the next one', async () => {
    const clock = new FakeClock();
    const seen: number[] = [];
    const loop = (async () => {
      for (let round = 0; round < 3; round++) {
        await clock.sleep(100);
        seen.push(clock.monotonic());
      }
    })();
    await clock.advance(1_000);
    await loop;
    expect(seen).to.deep.equal([100, 200, 300]);
  });

  it("ends a sleep with its signal's reason and forgets the timer", async () => {
    const clock = new FakeClock();
    const reason = new Error('enough');
    const controller = new AbortController();
    const sleep = clock.sleep(100, controller.signal).catch((error: unknown) => error);
    controller.abort(reason);
    expect(await sleep).to.equal(reason);
    expect(clock.pending).to.equal(0);
    expect(await clock.sleep(1, AbortSignal.abort(reason)).catch((error: unknown) => error)).to.equal(reason);
  });

  it('tells when the code under test has come to its pause', async () => {
    const clock = new FakeClock();
    const waiting = clock.waitForTimers(2);
    using first = clock.schedule(1, () => {});
    using second = clock.schedule(1, () => {});
    await waiting;
    expect([first, second]).to.have.length(2);
  });

  it('runs the next timer, however far away it is', async () => {
    const clock = new FakeClock(0);
    let firedAt = 0;
    clock.schedule(86_400_000, () => {
      firedAt = clock.now();
    });
    await clock.runNext();
    expect(firedAt).to.equal(86_400_000);
    expect(await clock.runNext().catch((error: Error) => error.message)).to.equal('no timer waits');
  });

  it('sets the wall clock without touching timers', async () => {
    const clock = new FakeClock(1_000_000);
    let fired = false;
    clock.schedule(10, () => {
      fired = true;
    });
    clock.setWallClock(5);
    expect([clock.now(), clock.monotonic()]).to.deep.equal([5, 0]);
    await clock.advance(10);
    expect(fired).to.equal(true);
    expect(clock.now()).to.equal(15);
  });
});

describe('seededRandom', () => {
  it('repeats itself for a seed and differs between seeds', () => {
    const draw = (seed: number) => {
      const random = seededRandom(seed);
      return [random.next(), random.uuid(), random.hex(8)];
    };
    expect(draw(7)).to.deep.equal(draw(7));
    expect(draw(7)).not.to.deep.equal(draw(8));
  });

  it('gives what the contract says', () => {
    const random = seededRandom(1);
    const numbers = Array.from({ length: 10_000 }, () => random.next());
    expect(Math.min(...numbers)).to.be.at.least(0);
    expect(Math.max(...numbers)).to.be.below(1);
    expect(numbers.reduce((sum, number) => sum + number) / numbers.length).to.be.closeTo(0.5, 0.02);
    expect(random.hex(3)).to.match(/^[0-9a-f]{6}$/);
    for (let round = 0; round < 100; round++) {
      expect(random.uuid()).to.match(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    }
  });
});

describe('FakeTelemetry', () => {
  it('keeps values by name and labels', () => {
    const telemetry = new FakeTelemetry();
    const counter = telemetry.counter({
      name: 'a_total',
      help: 'A.',
      labels: ['x', 'y'],
      initial: [{ x: '0', y: '0' }],
    });
    counter.add({ x: '1', y: '2' });
    counter.add({ y: '2', x: '1' }, 4);
    telemetry.gauge({ name: 'b', help: 'B.' }).set(7);
    const histogram = telemetry.histogram({ name: 'c_seconds', help: 'C.' });
    histogram.observe(1);
    histogram.observe(2);
    expect(telemetry.value('a_total', { x: '1', y: '2' })).to.equal(5);
    expect(telemetry.value('a_total', { x: '0', y: '0' })).to.equal(0);
    expect(telemetry.value('a_total', { x: '9', y: '9' })).to.equal(undefined);
    expect(telemetry.value('b')).to.equal(7);
    expect(telemetry.observations('c_seconds')).to.deep.equal([1, 2]);
  });

  it('begins the series of everybody who asks, once', () => {
    const telemetry = new FakeTelemetry();
    const ask = (x: string) =>
      telemetry.counter({ name: 'a_total', help: 'A.', labels: ['x'], initial: [{ x }] });
    ask('1').add({ x: '1' });
    ask('2');
    ask('1');
    expect(['1', '2'].map((x) => telemetry.value('a_total', { x }))).to.deep.equal([1, 0]);
  });

  it('refuses labels that were not declared, counters that fall, and names that nobody defined', () => {
    const telemetry = new FakeTelemetry();
    const counter = telemetry.counter({ name: 'a_total', help: 'A.', labels: ['x'] });
    expect(() => counter.add({ z: '1' })).to.throw('a_total has the labels [x], not [z]');
    expect(() => counter.add()).to.throw('a_total has the labels');
    expect(() => counter.add({ x: '1' }, -1)).to.throw('cannot rise by -1');
    expect(() => telemetry.value('typo')).to.throw('no metric typo was defined; there is a_total');
    expect(() => telemetry.counter({ name: 'a_total', help: 'Another.' })).to.throw(
      'metric a_total was defined before',
    );
  });

  it('runs the health checks that were registered', () => {
    const telemetry = new FakeTelemetry();
    telemetry.health({ name: 'store', kind: 'ready', check: () => 'closed' });
    telemetry.health({ name: 'loop', kind: 'ready', check: () => undefined });
    telemetry.health({ name: 'loop', kind: 'live', check: () => undefined });
    expect(telemetry.unhealthy('ready')).to.deep.equal(['store: closed']);
    expect(telemetry.unhealthy('live')).to.deep.equal([]);
  });
});

describe('FakeLeadership', () => {
  it('gives tenures when they are granted, one after another', async () => {
    const leadership = new FakeLeadership();
    const controller = new AbortController();
    const tenures = leadership.campaign(controller.signal)[Symbol.asyncIterator]();
    const first = tenures.next();
    leadership.grant('me');
    const { value: tenure } = await first;
    expect(tenure.holder).to.equal('me');
    tenure.assert(1_000_000);
    expect(leadership.isHeld).to.equal(true);

    const second = tenures.next();
    leadership.revoke('lost it');
    expect(tenure.signal.aborted).to.equal(true);
    expect(() => tenure.assert(0)).to.throw('leadership has ended: lost it');
    leadership.grant('me again');
    expect((await second).value.holder).to.equal('me again');

    const third = tenures.next();
    controller.abort();
    expect((await third).done).to.equal(true);
  });

  it('refuses actions that would outlast the tenure', async () => {
    const leadership = new FakeLeadership();
    leadership.grant();
    const { value: tenure } = await leadership
      .campaign(new AbortController().signal)
      [Symbol.asyncIterator]()
      .next();
    leadership.setRemaining(100);
    tenure.assert(100);
    expect(() => tenure.assert(101)).to.throw('100 ms are left, 101 ms are needed');
  });

  it('ends a tenure that is released', async () => {
    const leadership = new FakeLeadership();
    leadership.grant();
    const { value: tenure } = await leadership
      .campaign(new AbortController().signal)
      [Symbol.asyncIterator]()
      .next();
    await tenure.release();
    await tenure.release();
    expect(tenure.signal.aborted).to.equal(true);
    expect(leadership.isHeld).to.equal(false);
  });
});
