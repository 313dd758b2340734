import { expect } from 'chai';
import { FakeClock, FakeTelemetry } from '../testing/index.js';
import { WorkQueue } from './work-queue.js';

describe('WorkQueue', () => {
  let clock: FakeClock;
  let queue: WorkQueue;
  beforeEach(() => {
    clock = new FakeClock();
    queue = new WorkQueue('test', clock, new FakeTelemetry());
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
    expect([await queue.take(), await queue.take(), await queue.take()]).to.deep.equal(['new', 'old-2', 'old-1']);
  });

  it('delays a failing key from 5 ms, doubling to 1,000 s, until it is forgotten', async () => {
    const delays: number[] = [];
    for (let failure = 0; failure < 20; failure += 1) {
      const taken = queue.take();
      queue.addRateLimited('a');
      const before = clock.monotonic();
      await clock.runNext();
      await taken;
      delays.push(clock.monotonic() - before);
      queue.done('a');
    }
    expect(delays.slice(0, 4)).to.deep.equal([5, 10, 20, 40]);
    expect(delays.at(-1)).to.equal(1_000_000);
    queue.forget('a');
    const taken = queue.take();
    queue.addRateLimited('a');
    await clock.advance(5);
    expect(await taken).to.equal('a');
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
});
