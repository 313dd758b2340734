import { expect } from 'chai';
import { FakeClock } from '../testing/fake-clock.js';
import { withDeadline } from './deadline.js';

describe('withDeadline', () => {
  const tooLate = new Error('too late');
  const late = (): Error => tooLate;
  const outcome = (promise: Promise<unknown>): Promise<unknown> => promise.catch((error: unknown) => error);

  it('gives what the work gives, and leaves no timer behind', async () => {
    const clock = new FakeClock();
    expect(await withDeadline({ clock, timeoutMs: 10, late }, async () => 'done')).to.equal('done');
    expect(clock.pending).to.equal(0);
  });

  it('throws what the work throws, at once or later', async () => {
    const clock = new FakeClock();
    const failure = new Error('failed');
    const thrown = withDeadline({ clock, timeoutMs: 10, late }, () => {
      throw failure;
    });
    expect(await outcome(thrown)).to.equal(failure);
    expect(
      await outcome(withDeadline({ clock, timeoutMs: 10, late }, () => Promise.reject(failure))),
    ).to.equal(failure);
    expect(clock.pending).to.equal(0);
  });

  it('says that work was late even if the work says something else when its signal aborts', async () => {
    const clock = new FakeClock();
    const left: unknown[] = [];
    const aborted = new Error('aborted');
    const leftBehind = (error: unknown): void => void left.push(error);
    const result = outcome(
      withDeadline(
        { clock, timeoutMs: 10, late, leftBehind },
        (signal) =>
          new Promise((_resolve, reject) => {
            signal.addEventListener('abort', () => reject(aborted));
          }),
      ),
    );
    await clock.advance(10);
    expect(await result).to.equal(tooLate);
    expect(left).to.deep.equal([aborted]);
  });

  it('passes the abort of the parent on, with its reason', async () => {
    const clock = new FakeClock();
    const parent = new AbortController();
    const result = outcome(
      withDeadline(
        { clock, timeoutMs: 10, late, parent: parent.signal },
        (signal) =>
          new Promise((_resolve, reject) => {
            signal.addEventListener('abort', () => reject(signal.reason));
          }),
      ),
    );
    const reason = new Error('Ctrl-C');
    parent.abort(reason);
    expect(await result).to.equal(reason);
  });
});
