import { generateKeyPairSync } from 'node:crypto';
import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { NoteSigner, NoteVerifier } from '@rynxs/log';
import { expect } from 'chai';
import { runCommandLine } from '../command-line.js';
import { RecordingTerminal } from '../testing/recording-terminal.test.js';
import { SignedLog } from '../testing/signed-log.test.js';
import { TemporaryDirectory } from '../testing/temporary-directory.test.js';

describe('rynxs keys', () => {
  let directory: TemporaryDirectory;
  let usual: string;

  beforeEach(() => {
    directory = new TemporaryDirectory();
    usual = join(directory.path, 'home/.config/rynxs/log-signing.key');
  });

  afterEach(() => directory[Symbol.dispose]());

  async function run(
    ...args: string[]
  ): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
    const env = { HOME: join(directory.path, 'home') };
    const terminal = new RecordingTerminal({ cwd: directory.path, env });
    const code = await runCommandLine(['keys', ...args], terminal);
    return { code, stdout: terminal.stdout.text, stderr: terminal.stderr.text };
  }

  it('makes a key that only its owner can read, in the configuration of the user', async () => {
    const { code, stdout } = await run('generate');
    expect(code).to.equal(0);
    expect(statSync(usual).mode & 0o777).to.equal(0o600);
    expect(statSync(join(directory.path, 'home/.config/rynxs')).mode & 0o777).to.equal(0o700);
    const signer = NoteSigner.parse(readFileSync(usual, 'utf8'));
    expect(stdout).to.include(signer.verifier.toString()).and.include(`LOG_SIGNING_KEY_FILE=${usual}`);
  });

  it('never prints the secret', async () => {
    const texts: string[] = [];
    for (const args of [
      ['generate'],
      ['generate', '--out', 'other', '-o', 'json'],
      ['show'],
      ['show', '-o', 'json'],
    ]) {
      const { stdout, stderr } = await run(...args);
      texts.push(stdout, stderr);
    }
    for (const file of [usual, join(directory.path, 'other')]) {
      const secret = readFileSync(file, 'utf8').trim().split('+').slice(4).join('+');
      expect(secret).to.have.length.above(40);
      for (const text of texts) expect(text).not.to.include(secret).and.not.to.include('PRIVATE');
    }
  });

  it('shows the key of the operator in its pod', async () => {
    await run('generate', '--out', 'operator.key');
    const terminal = new RecordingTerminal({
      cwd: directory.path,
      env: { HOME: join(directory.path, 'home'), LOG_SIGNING_KEY_FILE: join(directory.path, 'operator.key') },
    });
    expect(await runCommandLine(['keys', 'show'], terminal)).to.equal(0);
    const signer = NoteSigner.parse(readFileSync(join(directory.path, 'operator.key'), 'utf8'));
    expect(terminal.stdout.text.trim()).to.equal(signer.verifier.toString());
  });

  it('makes another one each time, and never overwrites one', async () => {
    await run('generate');
    const key = readFileSync(usual, 'utf8');
    const { code, stderr } = await run('generate');
    expect(code).to.equal(2);
    expect(stderr).to.include('RYNXS_OUTPUT_FILE');
    expect(readFileSync(usual, 'utf8')).to.equal(key);
    await run('generate', '--out', 'other');
    expect(readFileSync(join(directory.path, 'other'), 'utf8')).not.to.equal(key);
  });

  it('shows the verifier key, on a line of its own', async () => {
    await run('generate');
    const { stdout } = await run('show');
    expect(NoteVerifier.parse(stdout).toString()).to.equal(stdout.trim());
  });

  it('shows it under the name of a log, by which others’ tools look for it', async () => {
    const log = new SignedLog(directory.path);
    await log.append(log.log.next(2));
    const { code, stdout } = await run('show', '--key', log.keyFile, '--store', `file://${log.logs}`);
    expect(code).to.equal(0);
    expect(stdout.trim()).to.equal(log.signer.verifier.named(SignedLog.origin).toString());
  });

  it('shows that of a key in PEM, as OpenSSL and Helm make it', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    const file = join(directory.path, 'log-signing.pem');
    writeFileSync(file, privateKey.export({ format: 'pem', type: 'pkcs8' }), { mode: 0o600 });
    const { code, stdout } = await run('show', '--key', file);
    expect(code).to.equal(0);
    const { x = '' } = publicKey.export({ format: 'jwk' });
    expect(Buffer.from(NoteVerifier.parse(stdout).publicKey).toString('base64url')).to.equal(x);
  });

  it('refuses a key that others may read, with the remedy', async () => {
    await run('generate');
    chmodSync(usual, 0o644);
    const { code, stderr } = await run('show');
    expect(code).to.equal(2);
    expect(stderr).to.include('RYNXS_LOG_KEY').and.include(`chmod 600 ${usual}`);
  });

  it('refuses what is no signing key, without quoting it, and says where there is none', async () => {
    const file = join(directory.path, 'no-key');
    writeFileSync(file, 'PRIVATE+KEY+rynxs+00000000+c2VjcmV0', { mode: 0o600 });
    const wrong = await run('show', '--key', file);
    expect(wrong.code).to.equal(2);
    expect(wrong.stderr).to.include(file).and.not.to.include('c2VjcmV0');
    expect(existsSync(usual)).to.equal(false);
    expect((await run('show')).stderr).to.include(usual);
  });
});
