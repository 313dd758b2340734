import { EventEmitter } from 'node:events';
import { ShutdownSignals } from '@rynxs/kernel';
import { expect } from 'chai';
import { withoutEchoes } from './signal-echo.js';

class FakeProcess extends EventEmitter {
  readonly exits: number[] = [];
  exit(code: number): void {
    this.exits.push(code);
  }
}

describe('one Ctrl-C that arrives several times', () => {
  function begin(): { process: FakeProcess; signals: ShutdownSignals; at: (ms: number) => void } {
    const process = new FakeProcess();
    let now = 0;
    const signals = new ShutdownSignals(withoutEchoes(process, () => now));
    const at = (ms: number): void => {
      now = ms;
      process.emit('SIGINT', 'SIGINT');
    };
    return { process, signals, at };
  }

  it('is one wish to stop', () => {
    const { process, signals, at } = begin();
    for (const ms of [0, 1, 5, 250]) at(ms);
    expect(signals.signal.aborted).to.equal(true);
    expect(process.exits).to.deep.equal([]);
  });

  it('is followed by a second one, which exits at once', () => {
    const { process, at } = begin();
    at(0);
    at(800);
    expect(process.exits).to.deep.equal([1]);
  });

  it('counts signals of another kind as echoes too', () => {
    const { process, at } = begin();
    at(0);
    process.emit('SIGTERM', 'SIGTERM');
    expect(process.exits).to.deep.equal([]);
  });

  it('leaves no listener behind', () => {
    const { process, signals } = begin();
    signals[Symbol.dispose]();
    expect(process.listenerCount('SIGINT') + process.listenerCount('SIGTERM')).to.equal(0);
  });
});
