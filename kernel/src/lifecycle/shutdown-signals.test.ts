import { spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { expect } from 'chai';
import { ShutdownRequested, ShutdownSignals } from './shutdown-signals.js';

class FakeProcess extends EventEmitter {
  readonly exits: number[] = [];
  exit(code: number): void {
    this.exits.push(code);
  }
}

describe('ShutdownSignals', () => {
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    it(`aborts with the reason on the first ${name}, without exiting`, () => {
      const process = new FakeProcess();
      const signals = new ShutdownSignals(process);
      expect(signals.signal.aborted).to.equal(false);
      process.emit(name, name);
      expect(signals.signal.reason).to.be.instanceOf(ShutdownRequested);
      expect(signals.signal.reason).to.have.property('signalName', name);
      expect(process.exits).to.deep.equal([]);
    });
  }

  it('exits with 1 at once on a second signal, of either kind', () => {
    const process = new FakeProcess();
    new ShutdownSignals(process);
    process.emit('SIGTERM', 'SIGTERM');
    process.emit('SIGINT', 'SIGINT');
    expect(process.exits).to.deep.equal([1]);
  });

  it('lets go of the process when it is disposed', () => {
    const process = new FakeProcess();
    new ShutdownSignals(process)[Symbol.dispose]();
    expect(process.eventNames()).to.deep.equal([]);
  });

  it('works in a real process', async () => {
    const module = new URL('./shutdown-signals.js', import.meta.url).href;
    const program = `
      const { ShutdownSignals } = await import('${module}');
      const { signal } = new ShutdownSignals(process);
      setInterval(() => {}, 1000);
      signal.addEventListener('abort', () => console.log(signal.reason.message));
      console.log('ready');
    `;
    const child = spawn(process.execPath, ['--input-type=module', '-e', program]);
    try {
      const line = async (): Promise<string> => String((await once(child.stdout, 'data'))[0]).trim();
      expect(await line()).to.equal('ready');
      child.kill('SIGTERM');
      expect(await line()).to.equal('SIGTERM received');
      const exited = once(child, 'exit');
      child.kill('SIGINT');
      expect((await exited)[0]).to.equal(1);
    } finally {
      child.kill('SIGKILL');
    }
  });
});
