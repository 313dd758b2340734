import { RynxsErrors, rynxsError } from '@rynxs/kernel';
import { expect } from 'chai';
import { RecordingOutput } from '../testing/recording-terminal.test.js';
import type { OutputFormat } from './output-format.js';
import { reportError } from './report-error.js';

describe('reportError', () => {
  function report(error: unknown, format: OutputFormat = 'text'): { code: number; text: string } {
    const output = new RecordingOutput(false);
    return { code: reportError(error, output, format), text: output.text };
  }

  const full = rynxsError('RYNXS_LOG_FULL', { location: 'file:///x', detail: 'disk is full' });
  const usage = rynxsError('RYNXS_USAGE', { detail: 'no such option' });

  it('prints code and message, and the remedy below', () => {
    expect(report(full).text).to.equal(`error RYNXS_LOG_FULL: ${full.message}\n  remedy: ${full.remedy}\n`);
  });

  it('exits with the code of the error', () => {
    expect(report(full).code).to.equal(1);
    expect(report(usage).code).to.equal(2);
    expect(report(new Error('surprise')).code).to.equal(1);
    expect(report('thrown text').code).to.equal(1);
  });

  it('prints every one of several errors', () => {
    const { code, text } = report(new RynxsErrors([usage, full]));
    expect(code).to.equal(2);
    expect(text.match(/^error /gm)).to.have.length(2);
  });

  it('prints one JSON object to programs', () => {
    expect(JSON.parse(report(full, 'json').text)).to.deep.equal({
      code: 'RYNXS_LOG_FULL',
      message: full.message,
      remedy: full.remedy,
    });
    expect(JSON.parse(report(new RynxsErrors([usage, full]), 'json').text).errors).to.have.length(2);
    expect(JSON.parse(report(new RynxsErrors([usage]), 'json').text).code).to.equal('RYNXS_USAGE');
  });

  it('tells why a plugin did not start, not only that it did not', () => {
    const cause = rynxsError('RYNXS_METRICS_PORT', {
      address: '127.0.0.1:80',
      variable: 'METRICS_PORT',
      detail: 'another process listens there',
    });
    const started = rynxsError(
      'RYNXS_PLUGIN_START_FAILED',
      { plugin: 'metrics', service: 'TELEMETRY(prometheus)', detail: 'x', remedy: 'See the cause.' },
      { cause },
    );
    expect(report(new RynxsErrors([started])).text).to.match(
      /^error RYNXS_METRICS_PORT: .*\n {2}remedy: Set METRICS_PORT/,
    );
  });

  it('prints the stacks of an error that nobody foresaw, causes too', () => {
    const { text } = report(new Error('outer', { cause: new TypeError('inner') }));
    expect(text).to.match(/^error: outer\nError: outer\n {4}at /);
    expect(text).to.include('caused by TypeError: inner');
  });

  it('knows errors of another copy of the kernel', () => {
    const foreign = Object.assign(new Error('full'), {
      code: 'RYNXS_LOG_FULL',
      remedy: 'Free space.',
      exitCode: 2,
    });
    expect(report(foreign)).to.deep.equal({
      code: 2,
      text: 'error RYNXS_LOG_FULL: full\n  remedy: Free space.\n',
    });
  });
});
