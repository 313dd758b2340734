import { readFileSync, writeFileSync } from 'node:fs';
import { expect } from 'chai';
import { runCommandLine } from '../command-line.js';
import { RecordingTerminal } from '../testing/recording-terminal.test.js';
import { SignedLog } from '../testing/signed-log.test.js';
import { TemporaryDirectory } from '../testing/temporary-directory.test.js';

describe('rynxs log recover', () => {
  let directory: TemporaryDirectory;
  let log: SignedLog;

  /** A log of 5 records in two commits, whose last four are gone, of which a checkpoint tells. */
  beforeEach(async () => {
    directory = new TemporaryDirectory();
    log = new SignedLog(directory.path);
    await log.append(log.log.next(3), log.log.next(2));
    const kept = readFileSync(log.file);
    await log.append(log.log.next(4));
    await log.sign();
    writeFileSync(log.file, kept);
  });

  afterEach(() => directory[Symbol.dispose]());

  async function run(
    ...args: string[]
  ): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
    const terminal = new RecordingTerminal({ cwd: directory.path });
    const code = await runCommandLine(['log', ...args], terminal);
    return { code, stdout: terminal.stdout.text, stderr: terminal.stderr.text };
  }

  const recover = (...args: string[]) => run('recover', '--no-anchor', '--signing-key', log.keyFile, ...args);

  it('tells what would be given up, and changes nothing without both, a yes and a reason', async () => {
    const before = readFileSync(log.file);
    for (const args of [[], ['--accept-loss'], ['--reason', 'why'], ['--accept-loss', '--reason', ' ']]) {
      const { code, stdout } = await recover(...args);
      expect(code, args.join(' ')).to.equal(1);
      expect(stdout)
        .to.match(/^nothing was changed/)
        .and.match(/missing +seq 5 to 8/);
    }
    const report = JSON.parse((await recover('--output', 'json')).stdout);
    expect(report).to.include({ accepted: false, lost_from: 5, lost_to: 8, last_good_seq: 4 });
    expect(readFileSync(log.file).equals(before)).to.equal(true);
  });

  it('puts the loss on the record, under a signature, and verifies again', async () => {
    expect((await run('verify', '--key', log.vkey)).code).to.equal(1);
    const { code, stdout, stderr } = await recover(
      '--accept-loss',
      '--reason',
      'the disk died',
      '-o',
      'json',
    );
    expect(code, stderr).to.equal(0);
    const report = JSON.parse(stdout);
    expect(report).to.include({
      accepted: true,
      lost_from: 5,
      lost_to: 8,
      reason: 'the disk died',
      anchor: null,
    });
    const verified = JSON.parse((await run('verify', '--key', log.vkey, '-o', 'json')).stdout);
    expect(verified).to.include({ intact: true, signed_to: report.size - 1, unsigned_tail: 0 });
    expect(verified.recoveries).to.deep.equal([
      { seq: report.seq, lost_from: 5, lost_to: 8, reason: 'the disk died' },
    ]);
    expect((await run('verify', '--key', log.vkey)).stdout).to.include('given up');
  });

  it('has nothing to do where nothing is missing', async () => {
    await recover('--accept-loss', '--reason', 'the disk died');
    for (const args of [[], ['--accept-loss', '--reason', 'again']]) {
      const { code, stderr } = await recover(...args);
      expect(code).to.equal(1);
      expect(stderr).to.include('RYNXS_LOG_NOT_LOST');
    }
  });

  it('does not cure damage', async () => {
    writeFileSync(log.file, readFileSync(log.file, 'utf8').replace('"n":1', '"n":7'));
    for (const args of [[], ['--accept-loss', '--reason', 'why not']]) {
      const { code, stderr } = await recover(...args);
      expect(code, stderr).to.equal(1);
      expect(stderr).to.include('RYNXS_LOG_DAMAGED');
    }
  });
});
