import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { parseCheckpoint, parseNote } from '@rynxs/log';
import { expect } from 'chai';
import { runCommandLine } from '../command-line.js';
import { RecordingTerminal } from '../testing/recording-terminal.test.js';
import { SignedLog } from '../testing/signed-log.test.js';
import { TemporaryDirectory } from '../testing/temporary-directory.test.js';

describe('rynxs log export', () => {
  let directory: TemporaryDirectory;
  let log: SignedLog;

  beforeEach(() => {
    directory = new TemporaryDirectory();
    log = new SignedLog(directory.path);
  });

  afterEach(() => directory[Symbol.dispose]());

  async function run(
    ...args: string[]
  ): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
    const terminal = new RecordingTerminal({ cwd: directory.path });
    const code = await runCommandLine(['log', 'export', ...args], terminal);
    return { code, stdout: terminal.stdout.text, stderr: terminal.stderr.text };
  }

  const path = (name: string): string => join(directory.path, name);
  const linesOf = (text: string): string[] => text.split('\n').slice(0, -1);

  describe('as JSON lines', () => {
    beforeEach(() =>
      log.append(log.log.next(3), log.log.nextOf([{ payload: { text: 'ä€😀' } }]), log.log.next(5)),
    );

    it('gives the stored bytes', async () => {
      expect((await run()).stdout).to.equal(readFileSync(log.file, 'utf8'));
      expect((await run('--to', 'all.jsonl')).code).to.equal(0);
      expect(readFileSync(path('all.jsonl')).equals(readFileSync(log.file))).to.equal(true);
    });

    it('gives a part of them, also within a commit', async () => {
      const all = linesOf(readFileSync(log.file, 'utf8'));
      const { stdout } = await run('--from-seq', '2', '--to-seq', '5');
      expect(linesOf(stdout)).to.deep.equal(all.slice(2, 6));
      const { stdout: report } = await run('--from-seq', '8', '--to', 'last.jsonl', '--output', 'json');
      expect(JSON.parse(report)).to.include({ format: 'jsonl', file: 'last.jsonl', records: 1 });
    });

    it('leaves no file of a log that does not verify, and never overwrites one', async () => {
      writeFileSync(path('mine'), 'mine');
      expect((await run('--to', 'mine')).stderr).to.include('RYNXS_OUTPUT_FILE');
      expect(readFileSync(path('mine'), 'utf8')).to.equal('mine');
      writeFileSync(log.file, readFileSync(log.file, 'utf8').replace('"n":1', '"n":6'));
      const before = readdirSync(directory.path);
      const { code, stderr } = await run('--to', 'all.jsonl');
      expect(code).to.equal(1);
      expect(stderr).to.include('RYNXS_LOG_DAMAGED');
      expect(readdirSync(directory.path)).to.deep.equal(before);
    });

    it('refuses options that are not for it', async () => {
      for (const args of [
        ['tiles'],
        ['--key', log.vkey],
        ['--output', 'json'],
        ['--from-seq', '2', '--to-seq', '1'],
      ]) {
        const { code, stderr } = await run(...args);
        expect(code, args.join(' ')).to.equal(2);
        expect(stderr).to.include('RYNXS_USAGE');
      }
    });
  });

  describe('as tlog-tiles', () => {
    const tiles = (...args: string[]) => run('--format', 'tlog-tiles', 'tiles', ...args);

    function filesOf(dir: string): string[] {
      return readdirSync(dir, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => relative(dir, join(entry.parentPath, entry.name)))
        .sort();
    }

    /** The entries of all bundles in order, each after its length in two bytes. */
    function entriesOf(dir: string, size: number): string[] {
      const entries: string[] = [];
      for (let index = 0; entries.length < size; index++) {
        const name = join(dir, `tile/entries/${String(index).padStart(3, '0')}`);
        const file = existsSync(name) ? name : `${name}.p/${size % 256}`;
        const bytes = readFileSync(file);
        for (let at = 0; at < bytes.length; at += 2 + bytes.readUInt16BE(at)) {
          entries.push(bytes.toString('utf8', at + 2, at + 2 + bytes.readUInt16BE(at)));
        }
      }
      return entries;
    }

    async function logOf(size: number): Promise<void> {
      for (let next = log.size; next < size; next = log.size)
        await log.append(log.log.next(Math.min(300, size - next)));
      await log.sign();
    }

    it('holds the signed checkpoint, every record, and their hashes', async () => {
      await logOf(600);
      await log.append(log.log.next(7));
      const { code, stdout } = await tiles();
      expect(code, stdout).to.equal(0);
      expect(stdout).to.include(`600 records of ${SignedLog.origin}`);
      expect(filesOf(path('tiles'))).to.deep.equal([
        'checkpoint',
        'tile/0/000',
        'tile/0/001',
        'tile/0/002.p/88',
        'tile/1/000.p/2',
        'tile/entries/000',
        'tile/entries/001',
        'tile/entries/002.p/88',
      ]);
      const checkpoint = parseCheckpoint(parseNote(readFileSync(path('tiles/checkpoint'), 'utf8')).text);
      expect(checkpoint.size).to.equal(600);
      const records = linesOf(readFileSync(log.file, 'utf8')).slice(0, 600);
      expect(entriesOf(path('tiles'), 600)).to.deep.equal(records);
      const leaf = createHash('sha256')
        .update('\0')
        .update(records[256] ?? '')
        .digest();
      expect(readFileSync(path('tiles/tile/0/001')).subarray(0, 32).equals(leaf)).to.equal(true);
    });

    it('brings a former export up to date, and leaves what is there as it is', async () => {
      await logOf(300);
      await tiles();
      await logOf(700);
      const { code, stdout } = await tiles('--output', 'json');
      expect(code).to.equal(0);
      expect(JSON.parse(stdout)).to.include({ size: 700, origin: SignedLog.origin, files: 6 });
      expect(entriesOf(path('tiles'), 700)).to.have.length(700);
      expect(JSON.parse((await tiles('--output', 'json')).stdout).files).to.equal(1);
    });

    it('goes on after an interruption, with what that has left', async () => {
      await logOf(300);
      await tiles();
      rmSync(path('tiles/checkpoint'));
      rmSync(path('tiles/tile/entries/000'));
      mkdirSync(path('tiles/.partial'));
      writeFileSync(path('tiles/.partial/7'), 'half');
      expect((await tiles()).code).to.equal(0);
      expect(filesOf(path('tiles'))).to.include.members(['checkpoint', 'tile/entries/000']);
      expect(existsSync(path('tiles/.partial'))).to.equal(false);
    });

    it('writes no checkpoint of a log that does not agree with it', async () => {
      await logOf(300);
      const forged = log
        .checkpoint()
        .replace(log.root.toString('base64'), Buffer.alloc(32).toString('base64'));
      await log.append(log.log.next(1));
      await log.sign(forged.replace('\n300\n', '\n301\n'));
      const { code, stderr } = await tiles();
      expect(code).to.equal(2);
      expect(stderr).to.include('RYNXS_CHECKPOINT_INVALID');
      expect(existsSync(path('tiles/checkpoint'))).to.equal(false);
      expect((await tiles('--key', log.vkey)).code).to.equal(0);
    });

    it('refuses a directory that holds anything else, another log, or a changed tile', async () => {
      await logOf(300);
      mkdirSync(path('tiles'));
      writeFileSync(path('tiles/mine'), 'mine');
      expect((await tiles()).stderr)
        .to.include('RYNXS_EXPORT_DIRECTORY')
        .and.include('mine');
      rmSync(path('tiles/mine'));
      await tiles();
      writeFileSync(path('tiles/tile/0/000'), Buffer.alloc(256 * 32));
      const changed = await tiles();
      expect(changed.code).to.equal(2);
      expect(changed.stderr).to.include('RYNXS_EXPORT_DIRECTORY').and.include('tile/0/000');
      const other = readFileSync(path('tiles/checkpoint'), 'utf8').replaceAll('sample-log', 'other-log');
      writeFileSync(path('tiles/checkpoint'), other);
      expect((await tiles()).stderr).to.include('rynxs.log/other-log');
    });

    it('needs a signed checkpoint and a directory', async () => {
      await log.append(log.log.next(3));
      expect((await tiles()).stderr).to.include('RYNXS_CHECKPOINT_MISSING');
      expect(existsSync(path('tiles'))).to.equal(false);
      expect((await run('--format', 'tlog-tiles')).stderr).to.include('RYNXS_USAGE');
    });
  });
});
