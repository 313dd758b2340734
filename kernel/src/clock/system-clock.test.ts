import { expect } from 'chai';
import { SystemClock } from './system-clock.js';

describe('SystemClock', () => {
  const clock = new SystemClock();

  it('tells wall-clock time in milliseconds since 1970', () => {
    expect(clock.now()).to.be.within(Date.now() - 1_000, Date.now());
  });

  it('never goes back', () => {
    const first = clock.monotonic();
    expect(clock.monotonic()).to.be.at.least(first);
  });

  it('sleeps for the time given', async () => {
    const begin = clock.monotonic();
    await clock.sleep(15);
    expect(clock.monotonic() - begin).to.be.at.least(14);
  });

  it("ends a sleep with the signal's own reason", async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    const sleep = clock.sleep(60_000, controller.signal).catch((error: unknown) => error);
    controller.abort(reason);
    expect(await sleep).to.equal(reason);
  });

  it('does not begin a sleep whose signal has aborted', async () => {
    const reason = new Error('before');
    const outcome = await clock.sleep(60_000, AbortSignal.abort(reason)).catch((error: unknown) => error);
    expect(outcome).to.equal(reason);
  });

  it('waits longer than the 24.8 days that a timer of Node can', async () => {
    const controller = new AbortController();
    let ended = false;
    const sleep = clock.sleep(2 ** 31 + 10, controller.signal).catch(() => 'aborted');
    void sleep.then(() => {
      ended = true;
    });
    using scheduled = clock.schedule(2 ** 31 + 10, () => {
      ended = true;
    });
    await clock.sleep(20);
    expect(ended).to.equal(false);
    expect(scheduled).to.have.property(Symbol.dispose as never);
    controller.abort();
    expect(await sleep).to.equal('aborted');
  });

  it('calls back once, unless disposed before', async () => {
    let calls = 0;
    clock.schedule(1, () => calls++);
    clock.schedule(1, () => calls++)[Symbol.dispose]();
    await clock.sleep(20);
    expect(calls).to.equal(1);
  });
});
