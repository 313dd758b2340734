import { expect } from 'chai';
import { FakeClock, FakeTelemetry } from '../testing/index.js';
import { WorkQueue } from './work-queue.js';

describe('WorkQueue', () => {
  let clock: FakeClock;
  let telemetry: FakeTelemetry;
  let queue: WorkQueue;
  beforeEach(() => {
    clock = new FakeClock();
    telemetry = new FakeTelemetry();
    queue = new WorkQueue('test', clock, telemetry);
  });

  it('holds a key once, however often it is added', async () => {
    queue.add('a');
    queue.add('a');
    expect(await queue.take()).to.equal('a');
    expect(queue.busy).to.equal(1);
    queue.done('a');
    expect(queue.busy).to.equal(0);
  });

  it('gives a key out again only after it is done', async () => {
    queue.add('a');
    await queue.take();
    queue.add('a');
    const second = queue.take();
    queue.add('b');
    expect(await second).to.equal('b');
    queue.done('a');
    expect(await queue.take()).to.equal('a');
  });

  it('takes new objects before resyncs', async () => {
    queue.add('old-1', 'resync');
    queue.add('old-2', 'resync');
    queue.add('new', 'new');
    queue.add('old-2', 'new');
    expect([await queue.take(), await queue.take(), await queue.take()]).to.deep.equal([
      'new',
      'old-2',
      'old-1',
    ]);
  });

  it('delays a failing key from 5 ms, doubling to 1,000 s, until it is forgotten', async () => {
    const isDueAfter = async (delayMs: number): Promise<boolean> => {
      queue.addRateLimited('a');
      await clock.advance(delayMs - 1);
      const isEarly = queue.busy > 0;
      await clock.advance(1);
      const isDue = queue.busy === 1;
      queue.done((await queue.take()) ?? '');
      return isDue && !isEarly;
    };
    for (const delayMs of [5, 10, 20, 40]) expect(await isDueAfter(delayMs), `${delayMs} ms`).to.equal(true);
    for (let failure = 4; failure < 18; failure += 1) await isDueAfter(5 * 2 ** failure);
    expect(await isDueAfter(1_000_000), 'the longest delay').to.equal(true);
    queue.forget('a');
    expect(await isDueAfter(5), 'after it was forgotten').to.equal(true);
  });

  it('tries a few failing keys again at once, and a thousand at 50 a second', async () => {
    const delaysMs = Array.from({ length: 1_000 }, (_, key) => queue.addRateLimited(`${key}`));
    expect(delaysMs.slice(0, 20)).to.deep.equal(Array(20).fill(5));
    expect(delaysMs.at(-1)).to.equal(980 * 20);
    await clock.advance(1_000);
    expect(queue.busy, 'due after a second').to.equal(20 + 50);
    await clock.advance(60_000);
    expect(queue.addRateLimited('later'), 'when it is quiet again').to.equal(5);
  });

  it('keeps the earliest of several delays', async () => {
    queue.addAfter('a', 1_000);
    queue.addAfter('a', 100);
    queue.addAfter('a', 500);
    const taken = queue.take();
    await clock.advance(100);
    expect(await taken).to.equal('a');
    queue.done('a');
    await clock.advance(10_000);
    expect(queue.busy).to.equal(0);
  });

  it('gives undefined to all who wait once it is closed, and admits nothing more', async () => {
    const waiting = [queue.take(), queue.take()];
    queue.addAfter('later', 10);
    queue.close();
    expect(await Promise.all(waiting)).to.deep.equal([undefined, undefined]);
    queue.add('a');
    await clock.advance(100);
    expect(await queue.take()).to.equal(undefined);
  });

  describe('is measured', () => {
    const labels = { name: 'test', controller: 'test' };
    const value = (suffix: string, more = {}) =>
      telemetry.value(`workqueue_${suffix}`, { ...labels, ...more });
    const seconds = (suffix: string) => telemetry.observations(`workqueue_${suffix}`, labels);
    const depths = () => ['0', '-100'].map((priority) => value('depth', { priority }));

    it('under the names of controller-runtime, all of which exist from the start', () => {
      expect(depths()).to.deep.equal([0, 0]);
      for (const suffix of [
        'adds_total',
        'retries_total',
        'unfinished_work_seconds',
        'longest_running_processor_seconds',
      ]) {
        expect(value(suffix), suffix).to.equal(0);
      }
      expect([seconds('queue_duration_seconds'), seconds('work_duration_seconds')]).to.deep.equal([[], []]);
    });

    it('by what waits, how long it waits, and how long it is worked on', async () => {
      queue.add('a');
      queue.add('b', 'resync');
      queue.add('b', 'resync');
      expect(depths()).to.deep.equal([1, 1]);
      await clock.advance(2_000);
      await queue.take();
      expect(depths()).to.deep.equal([0, 1]);
      await clock.advance(3_000);
      queue.done('a');
      queue.addRateLimited('a');
      expect([value('adds_total'), value('retries_total')]).to.deep.equal([2, 1]);
      expect([seconds('queue_duration_seconds'), seconds('work_duration_seconds')]).to.deep.equal([[2], [3]]);
    });

    it('by adds that are not for a key which waits already, as client-go counts them', async () => {
      queue.add('a');
      queue.add('a');
      await queue.take();
      queue.add('a', 'resync');
      queue.add('a', 'new');
      expect(value('adds_total')).to.equal(2);
      queue.done('a');
      expect(await queue.take()).to.equal('a');
      expect(value('adds_total')).to.equal(2);
    });

    it('by what is under way, also when nothing ends and the queue is closed', async () => {
      const ages = () => [value('unfinished_work_seconds'), value('longest_running_processor_seconds')];
      queue.add('a');
      queue.add('b');
      queue.add('c');
      await queue.take();
      await clock.advance(4_000);
      await queue.take();
      await clock.advance(1_000);
      expect(ages()).to.deep.equal([6, 5]);
      queue.close();
      expect(depths()).to.deep.equal([0, 0]);
      await clock.advance(1_000);
      expect(ages()).to.deep.equal([8, 6]);
      queue.done('a');
      queue.done('b');
      await clock.advance(1_000);
      expect(ages()).to.deep.equal([0, 0]);
    });
  });
});
