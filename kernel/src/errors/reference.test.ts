import { expect } from 'chai';
import { errorReference } from './reference.js';
import { rynxsError } from './rynxs-error.js';
import { ERROR_TABLE } from './table.js';

describe('errorReference', () => {
  it('has a section for every code, with message, remedy and exit code', () => {
    const reference = errorReference();
    for (const [code, { message, remedy }] of Object.entries(ERROR_TABLE)) {
      expect(reference).to.contain(`\n## ${code}\n`);
      expect(reference).to.contain(message);
      expect(reference).to.contain(remedy);
    }
  });

  it('shows messages as code, so none may hold a backtick', () => {
    for (const { message } of Object.values(ERROR_TABLE)) expect(message).not.to.contain('`');
  });
});

describe('rynxsError', () => {
  it('fills in message and remedy and keeps the cause', () => {
    const cause = new Error('root');
    const details = { plugin: 'a', service: 'X(y)', detail: 'root', remedy: 'Free it.' };
    const error = rynxsError('RYNXS_PLUGIN_START_FAILED', details, { cause });
    expect(error.message).to.equal('plugin a failed to start X(y): root');
    expect(error.remedy).to.equal('Free it.');
    expect(error.cause).to.equal(cause);
    expect(error.exitCode).to.equal(1);
  });
});
