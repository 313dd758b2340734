import { readFileSync } from 'node:fs';
import { MemoryStorage, memoryEventStore, SampleLog } from '@rynxs/kernel/testing';
import { type LogEvent, parseRecord } from '@rynxs/log';
import { expect } from 'chai';
import fc from 'fast-check';
import { runCommandLine } from '../command-line.js';
import { RecordingTerminal } from '../testing/recording-terminal.test.js';
import { SignedLog } from '../testing/signed-log.test.js';
import { TemporaryDirectory } from '../testing/temporary-directory.test.js';
import { findSeq } from './find-seq.js';
import { RecordQuery } from './record-query.js';

const signal = new AbortController().signal;

describe('reading a part of a log', () => {
  let directory: TemporaryDirectory;
  let log: SignedLog;

  /** Three terms: the first ended in good order, the second overtaken, the third open. */
  beforeEach(async () => {
    directory = new TemporaryDirectory();
    log = new SignedLog(directory.path);
    const agent = (name: string) => ({ type: 'AgentObserved', aggregateId: `agents/${name}` });
    const ended = { type: 'EpochEnded', aggregateId: 'log', payload: { epoch: 1, reason: 'stopped' } };
    await log.append(
      log.log.nextOf([agent('default/a'), agent('default/b'), agent('other/a')]),
      log.log.nextOf([ended]),
      log.log.startEpoch('host-2'),
      log.log.next(3),
      log.log.startEpoch('host-3'),
      log.log.nextOf([agent('default/a')]),
    );
  });

  afterEach(() => directory[Symbol.dispose]());

  async function run(
    ...args: string[]
  ): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
    const terminal = new RecordingTerminal({ cwd: directory.path });
    const code = await runCommandLine(['log', ...args], terminal);
    return { code, stdout: terminal.stdout.text, stderr: terminal.stderr.text };
  }

  async function seqs(...args: string[]): Promise<number[]> {
    const { code, stdout, stderr } = await run('query', '--output', 'json', ...args);
    expect(code, stderr).to.equal(0);
    return stdout
      .split('\n')
      .slice(0, -1)
      .map((line) => (JSON.parse(line) as LogEvent).seq);
  }

  const recordLines = (): string[] => readFileSync(log.file, 'utf8').split('\n');

  describe('query', () => {
    it('gives everything when nothing is asked for', async () => {
      expect(await seqs()).to.deep.equal([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    });

    it('finds an agent by its name, in a namespace, and anything by its whole id', async () => {
      expect(await seqs('--agent', 'a')).to.deep.equal([1, 3, 10]);
      expect(await seqs('--agent', 'default/a')).to.deep.equal([1, 10]);
      expect(await seqs('--agent', 'samples/default/one')).to.deep.equal([6, 7, 8]);
      expect(await seqs('--agent', 'default')).to.deep.equal([]);
    });

    it('finds an object that is in no namespace by its whole id', async () => {
      const universe = { type: 'UniverseObserved', aggregateId: 'universes/lab' };
      await log.append(log.log.nextOf([universe]));
      expect(await seqs('--agent', 'universes/lab')).to.deep.equal([11]);
    });

    it('finds any of several types, of an epoch, and not more than asked for', async () => {
      expect(await seqs('--type', 'EpochStarted', '--type', 'EpochEnded')).to.deep.equal([0, 4, 5, 9]);
      expect(await seqs('--epoch', '2')).to.deep.equal([5, 6, 7, 8]);
      expect(await seqs('--epoch', '2', '--type', 'EpochStarted')).to.deep.equal([5]);
      expect(await seqs('--agent', 'a', '--limit', '2')).to.deep.equal([1, 3]);
    });

    it('finds what is no older than a moment', async () => {
      expect(await seqs('--since', '2026-01-01T00:00:00.005Z')).to.deep.equal([5, 6, 7, 8, 9, 10]);
      expect(await seqs('--since', '1s')).to.deep.equal([]);
    });

    it('reads no further than what is asked for can be', async () => {
      const query = new RecordQuery({ epoch: 1 });
      const [first, later] = [0, 5].map((seq) => parseRecord(recordLines()[seq] ?? '').event);
      expect(first && query.judge(first)).to.equal('match');
      expect(later && query.judge(later)).to.equal('after');
    });

    it('prints lines to people, and says when there are none', async () => {
      const { stdout } = await run('query', '--agent', 'default/b');
      expect(stdout).to.match(/^ +2 2026-01-01T\S+ AgentObserved +agents\/default\/b/);
      const none = await run('query', '--type', 'Nothing');
      expect(none).to.include({ code: 0, stdout: '', stderr: 'no record matches\n' });
    });

    it('refuses what is no time', async () => {
      for (const since of ['yesterday', '12:00', '-1h']) {
        const { code, stderr } = await run('query', `--since=${since}`);
        expect(code, since).to.equal(2);
        expect(stderr).to.include('RYNXS_USAGE');
      }
    });
  });

  it('finds where something begins with few reads, wherever that is', async function () {
    this.timeout(20_000);
    const sample = new SampleLog();
    const store = memoryEventStore(new MemoryStorage());
    await store.open(signal);
    const sizes = Array.from({ length: 40 }, (_, index) => 1 + ((index * 331) % 1_000));
    for (const size of sizes) await store.append(sample.next(size), signal);
    const total = sample.head.nextSeq;
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: total + 10 }), async (wanted) => {
        let looked = 0;
        const from = await findSeq(
          store,
          ({ seq }) => {
            looked += 1;
            return seq >= wanted;
          },
          signal,
        );
        expect(from).to.be.at.most(wanted);
        expect(Math.min(wanted, total) - from).to.be.at.most(3_000);
        expect(looked).to.be.at.most(8);
      }),
      { numRuns: 30 },
    );
  });

  it('that was interrupted says so, and neither that all is well nor that it is not', async () => {
    const terminal = new RecordingTerminal({ cwd: directory.path });
    terminal.interrupt();
    for (const args of [
      ['query'],
      ['epochs'],
      ['stats'],
      ['verify'],
      ['export'],
      ['export', '--to', 'file'],
    ]) {
      expect(await runCommandLine(['log', ...args], terminal), args.join(' ')).to.equal(130);
    }
    expect(terminal.stderr.text).to.match(/^(interrupted: .*\n)+$/);
  });
});
