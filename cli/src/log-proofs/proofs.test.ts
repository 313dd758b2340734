import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { NoteSigner } from '@rynxs/log';
import { expect } from 'chai';
import { runCommandLine } from '../command-line.js';
import { RecordingTerminal } from '../testing/recording-terminal.test.js';
import { SignedLog } from '../testing/signed-log.test.js';
import { TemporaryDirectory } from '../testing/temporary-directory.test.js';

describe('proofs of a log', () => {
  let directory: TemporaryDirectory;
  let log: SignedLog;
  /** The checkpoint of the first 5 records. */
  let older: string;

  /** A log of 14 records; checkpoints at 5 and at 12. */
  beforeEach(async () => {
    directory = new TemporaryDirectory();
    log = new SignedLog(directory.path);
    await log.append(log.log.next(5));
    await log.sign();
    older = log.write('older.txt', log.checkpoint());
    await log.append(log.log.next(3), log.log.next(4));
    await log.sign();
    await log.append(log.log.next(2));
  });

  afterEach(() => directory[Symbol.dispose]());

  async function run(
    ...args: string[]
  ): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
    const terminal = new RecordingTerminal({ cwd: directory.path });
    const code = await runCommandLine(['log', ...args], terminal);
    return { code, stdout: terminal.stdout.text, stderr: terminal.stderr.text };
  }

  describe('a receipt', () => {
    it('is valid for every record that a checkpoint covers, and says what the record is', async () => {
      for (let seq = 0; seq < 12; seq++) {
        const file = `${seq}.tlog-proof`;
        expect((await run('proof', String(seq), '--out', file)).code, file).to.equal(0);
        const { code, stdout } = await run('check-proof', file, '--key', log.vkey);
        expect(code, stdout).to.equal(0);
        expect(stdout)
          .to.include(`valid: seq ${seq} is one of the 12 records of ${SignedLog.origin}`)
          .and.match(seq === 0 ? /EpochStarted/ : /SampleObserved +samples\/default\/one/);
      }
    });

    it('needs neither the log nor anything else to be checked', async () => {
      const { stdout } = await run('proof', '3');
      const elsewhere = new TemporaryDirectory();
      writeFileSync(join(elsewhere.path, 'receipt'), stdout);
      const terminal = new RecordingTerminal({ cwd: elsewhere.path });
      const args = ['log', 'check-proof', 'receipt', '--key', log.vkey, '--output', 'json'];
      expect(await runCommandLine(args, terminal)).to.equal(0);
      const report = JSON.parse(terminal.stdout.text);
      expect(report).to.include({ valid: true, kind: 'inclusion', seq: 3, checkpoint_size: 12 });
      expect(report.event).to.include({ seq: 3, type: 'SampleObserved' });
      elsewhere[Symbol.dispose]();
    });

    it('is told to programs with where it went', async () => {
      const report = JSON.parse((await run('proof', '3', '--output', 'json')).stdout);
      expect(report).to.include({ seq: 3, checkpoint_size: 12, origin: SignedLog.origin, file: null });
      expect(report.receipt).to.match(/^c2sp\.org\/tlog-proof@v1\n/);
    });

    it('proves nothing once any byte of it was changed', async () => {
      const { stdout } = await run('proof', '7');
      for (let at = 0; at < stdout.length; at += 37) {
        const other = stdout[at] === 'A' ? 'B' : 'A';
        const file = log.write('changed', `${stdout.slice(0, at)}${other}${stdout.slice(at + 1)}`);
        const { code, stderr } = await run('check-proof', file, '--key', log.vkey);
        expect(code, `byte ${at}`).to.equal(1);
        expect(stderr).to.include('RYNXS_PROOF_INVALID');
      }
    });

    it('proves nothing to who trusts another key', async () => {
      await run('proof', '7', '--out', 'receipt');
      const other = NoteSigner.generate('other').verifier.toString();
      const { code, stderr } = await run('check-proof', 'receipt', '--key', other);
      expect(code).to.equal(1);
      expect(stderr).to.include('no trusted key has signed');
    });

    it('is not to be had for a record that no checkpoint covers yet, or that is not there', async () => {
      const uncovered = await run('proof', '12');
      expect(uncovered.code).to.equal(2);
      expect(uncovered.stderr).to.include('RYNXS_CHECKPOINT_MISSING');
      const missing = await run('proof', '14');
      expect(missing.code).to.equal(2);
      expect(missing.stderr).to.include('RYNXS_LOG_NO_SUCH_RECORD');
    });

    it('is made against a checkpoint of the key that is trusted, and of no other one', async () => {
      await log.sign(log.checkpoint(NoteSigner.generate('mallory')));
      const report = async (...args: string[]) =>
        JSON.parse((await run('proof', '3', '--output', 'json', ...args)).stdout);
      expect((await report()).checkpoint_size).to.equal(14);
      expect((await report('--key', log.vkey)).checkpoint_size).to.equal(12);
    });

    it('passes over a checkpoint that does not fit the log, and says so when none does', async () => {
      const forged = log
        .checkpoint()
        .replace(log.root.toString('base64'), Buffer.alloc(32).toString('base64'));
      await log.sign(forged);
      const { code, stdout } = await run('proof', '3', '--output', 'json');
      expect(code).to.equal(0);
      expect(JSON.parse(stdout).checkpoint_size).to.equal(12);
      const beyond = await run('proof', '13');
      expect(beyond.code).to.equal(2);
      expect(beyond.stderr).to.include('RYNXS_CHECKPOINT_INVALID').and.include('--key');
    });

    it('never overwrites a file', async () => {
      const file = log.write('receipt', 'mine');
      const { code, stderr } = await run('proof', '3', '--out', 'receipt');
      expect(code).to.equal(2);
      expect(stderr).to.include('RYNXS_OUTPUT_FILE');
      expect(readFileSync(file, 'utf8')).to.equal('mine');
    });

    it('is refused where the log does not verify', async () => {
      writeFileSync(log.file, readFileSync(log.file, 'utf8').replace('"n":2', '"n":3'));
      const { code, stderr } = await run('proof', '3', '--out', 'receipt');
      expect(code).to.equal(1);
      expect(stderr).to.include('RYNXS_LOG_DAMAGED');
      expect(existsSync(join(directory.path, 'receipt'))).to.equal(false);
    });
  });

  describe('a consistency proof', () => {
    it('shows that the log begins with what an older checkpoint covers', async () => {
      expect((await run('consistency', older, '--out', 'growth')).code).to.equal(0);
      const checked = await run('check-proof', 'growth', '--key', log.vkey, '--checkpoint', older);
      expect(checked.code, checked.stderr).to.equal(0);
      expect(checked.stdout).to.include('the 12 records').and.include('begin with the first 5');
    });

    it('is made for any older size, and every newer one that is signed', async () => {
      for (let size = 1; size <= 12; size++) {
        const file = `growth-${size}`;
        expect((await run('consistency', String(size), '12', '--out', file)).code).to.equal(0);
        const { code, stdout } = await run('check-proof', file, '--key', log.vkey, '--output', 'json');
        expect(code).to.equal(0);
        expect(JSON.parse(stdout)).to.include({ kind: 'consistency', old_size: size, new_size: 12 });
      }
      const unsigned = await run('consistency', '5', '14');
      expect(unsigned.code).to.equal(2);
      expect(unsigned.stderr).to.include('RYNXS_CHECKPOINT_MISSING');
    });

    it('says what to compare with, when it is not told the older checkpoint', async () => {
      await run('consistency', '5', '--out', 'growth');
      const { stdout } = await run('check-proof', 'growth', '--key', log.vkey);
      const [, , root] = readFileSync(older, 'utf8').split('\n');
      expect(stdout).to.include(`its root must be ${root}`);
    });

    it('proves nothing of another older checkpoint', async () => {
      await run('consistency', '5', '--out', 'growth');
      const [, , root = ''] = readFileSync(older, 'utf8').split('\n');
      const other = log.write(
        'other.txt',
        readFileSync(older, 'utf8').replace(root, Buffer.alloc(32).toString('base64')),
      );
      const { code, stderr } = await run('check-proof', 'growth', '--key', log.vkey, '--checkpoint', other);
      expect(code).to.equal(1);
      expect(stderr).to.include('RYNXS_PROOF_INVALID');
      const refused = await run('consistency', other);
      expect(refused.code).to.equal(1);
      expect(refused.stderr).to.include('RYNXS_LOG_DAMAGED').and.include('rewritten');
    });

    it('goes from the older to the newer', async () => {
      for (const args of [['13', '12'], ['0']]) {
        const { code, stderr } = await run('consistency', ...args);
        expect(code).to.equal(2);
        expect(stderr).to.include('RYNXS_USAGE');
      }
    });
  });
});
