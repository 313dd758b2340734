import { expect } from 'chai';
import { CleanUp } from './clean-up.mjs';
import { Failure } from './errors.mjs';
import { Report } from './report.mjs';
import { until } from './wait.mjs';

const never = new AbortController().signal;

describe('what a script tells', () => {
  let printed;
  const reportIn = (output) => {
    printed = { stdout: '', stderr: '' };
    const stream = (name) => ({
      write: (text) => {
        printed[name] += text;
      },
    });
    const streams = { stdout: stream('stdout'), stderr: stream('stderr') };
    return new Report({ script: 'x', output, streams });
  };

  it('is a line for each step, and the verdict', async () => {
    const report = reportIn('text');
    expect(
      await report.step(
        'one',
        async () => 7,
        (result) => `${result} things`,
      ),
    ).to.equal(7);
    await report.step('two', async () => {});
    report.close({ isInterrupted: false });
    expect(printed.stdout).to.match(
      /^✓ +\d+\.\d s {2}one: 7 things\n✓ +\d+\.\d s {2}two\nPASSED {2}x in \d+\.\d s\n$/,
    );
    expect(printed.stderr).to.equal('');
  });

  it('is one object in JSON, and progress beside it', async () => {
    const report = reportIn('json');
    const failing = report.step('one', () => Promise.reject(new Failure('wrong')));
    expect(await failing.catch(({ message }) => message)).to.equal('wrong');
    report.measure('lag_seconds', 1.5);
    report.problem('wrong');
    report.close({ isInterrupted: false });
    const { seconds, steps, ...rest } = JSON.parse(printed.stdout);
    const measured = { lag_seconds: 1.5 };
    expect(rest).to.deep.equal({
      script: 'x',
      passed: false,
      interrupted: false,
      measured,
      problems: ['wrong'],
    });
    expect(steps[0]).to.include({ name: 'one', passed: false, detail: null });
    expect(seconds).to.be.a('number');
    expect(printed.stderr).to.include('✗').and.include('wrong');
  });

  it('is not that it passed, when it was interrupted', () => {
    const report = reportIn('json');
    report.close({ isInterrupted: true });
    expect(JSON.parse(printed.stdout)).to.include({ passed: false, interrupted: true });
  });
});

describe('cleaning up', () => {
  it('undoes the newest first, goes on when something cannot be undone, and says so', async () => {
    const cleanUp = new CleanUp();
    const undone = [];
    cleanUp.add('one', async () => void undone.push(1));
    cleanUp.add('two', () => Promise.reject(new Error('stuck')));
    const forget = cleanUp.add('three', async () => void undone.push(3));
    cleanUp.add('four', async () => void undone.push(4));
    forget();
    const told = [];
    expect(await cleanUp.run((what) => told.push(what))).to.deep.equal(['two: stuck']);
    expect([undone, told]).to.deep.equal([
      [4, 1],
      ['four', 'two', 'one'],
    ]);
    expect(await cleanUp.run(() => {})).to.deep.equal([]);
  });

  it('does nothing about what is kept', async () => {
    const cleanUp = new CleanUp();
    cleanUp.add('one', () => Promise.reject(new Error('done')));
    expect(cleanUp.keep()).to.deep.equal(['one']);
    expect(await cleanUp.run(() => {})).to.deep.equal([]);
  });
});

describe('waiting', () => {
  it('ends with what was waited for', async () => {
    let asked = 0;
    const third = async () => (++asked === 3 ? 'here' : undefined);
    expect(await until('it', third, { timeoutMs: 5_000, signal: never, pollMs: 1 })).to.equal('here');
  });

  it('fails in time, and says how things are', async () => {
    const options = { timeoutMs: 5, signal: never, pollMs: 1, describe: () => 'half of it' };
    const error = await until('it', async () => false, options).catch((reason) => reason);
    expect(error).to.be.instanceOf(Failure);
    expect(error.message).to.equal('waited 0 s for it: half of it');
  });

  it('ends at once when the user interrupts', async () => {
    const interrupted = new AbortController();
    const waiting = until('it', async () => void interrupted.abort(), {
      timeoutMs: 60_000,
      signal: interrupted.signal,
      pollMs: 60_000,
    });
    expect(await waiting.catch(({ name }) => name)).to.equal('AbortError');
  });
});
