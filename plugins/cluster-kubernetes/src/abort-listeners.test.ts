import { expect } from 'chai';
import { listenToAbort } from './abort-listeners.js';

describe('listenToAbort', () => {
  it('calls who listens when the signal aborts, and nobody who has stopped', () => {
    const controller = new AbortController();
    const called: string[] = [];
    listenToAbort(controller.signal, () => called.push('first'));
    const second = listenToAbort(controller.signal, () => called.push('second'));
    listenToAbort(controller.signal, () => called.push('third'));
    second[Symbol.dispose]();
    controller.abort();
    expect(called).to.deep.equal(['first', 'third']);
  });

  it('counts the same function twice when it is given twice', () => {
    const controller = new AbortController();
    let calls = 0;
    const count = () => {
      calls += 1;
    };
    const first = listenToAbort(controller.signal, count);
    listenToAbort(controller.signal, count);
    first[Symbol.dispose]();
    controller.abort();
    expect(calls).to.equal(1);
  });
});
