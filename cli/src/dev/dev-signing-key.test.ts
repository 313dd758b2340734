import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { capturingLogger } from '@rynxs/kernel/testing';
import { NoteSigner } from '@rynxs/log';
import { expect } from 'chai';
import { RecordingTerminal } from '../testing/recording-terminal.test.js';
import { TemporaryDirectory } from '../testing/temporary-directory.test.js';
import { devSigningKey } from './dev-signing-key.js';

describe('the signing key of rynxs dev', () => {
  const keyIn = (home: string) => join(home, '.config/rynxs/log-signing.key');
  const chosen = (env: Readonly<Record<string, string>>, logger = capturingLogger()) =>
    devSigningKey(new RecordingTerminal({ cwd: '/', env }), logger);

  it('is made at the first start, for its owner alone, and taken again at the next', async () => {
    using home = new TemporaryDirectory();
    const file = keyIn(home.path);
    expect(await chosen({ HOME: home.path })).to.equal(file);
    expect(statSync(file).mode & 0o777).to.equal(0o600);
    const text = readFileSync(file, 'utf8');
    NoteSigner.parse(text);
    expect(await chosen({ HOME: home.path })).to.equal(file);
    expect(readFileSync(file, 'utf8')).to.equal(text);
  });

  it('is left to the environment where that names one', async () => {
    using home = new TemporaryDirectory();
    expect(await chosen({ HOME: home.path, LOG_SIGNING_KEY_FILE: '/elsewhere' })).to.equal(undefined);
    expect(existsSync(keyIn(home.path))).to.equal(false);
  });

  it('is done without, with a warning, where none can be kept', async () => {
    using home = new TemporaryDirectory();
    // A file where the directory should be: not even root gets past it.
    writeFileSync(join(home.path, '.config'), '');
    const logger = capturingLogger();
    expect(await chosen({ HOME: home.path }, logger)).to.equal(undefined);
    expect(logger.lines.map(({ message }) => message)).to.deep.equal([
      'the log is not signed: no key can be kept',
    ]);
  });
});
