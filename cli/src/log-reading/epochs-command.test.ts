import { readFileSync, writeFileSync } from 'node:fs';
import { batchOf } from '@rynxs/kernel/testing';
import { expect } from 'chai';
import { runCommandLine } from '../command-line.js';
import { RecordingTerminal } from '../testing/recording-terminal.test.js';
import { SignedLog } from '../testing/signed-log.test.js';
import { TemporaryDirectory } from '../testing/temporary-directory.test.js';
import type { EpochReport } from './log-epochs.js';

describe('rynxs log epochs', () => {
  let directory: TemporaryDirectory;
  let log: SignedLog;

  beforeEach(() => {
    directory = new TemporaryDirectory();
    log = new SignedLog(directory.path);
  });

  afterEach(() => directory[Symbol.dispose]());

  /** Three terms: the first ended in good order, the second was fenced, the third is the last. */
  async function writeThreeTerms(): Promise<void> {
    const ended = { type: 'EpochEnded', aggregateId: 'log', payload: { epoch: 1, reason: 'stopped' } };
    await log.append(
      log.log.next(4),
      log.log.nextOf([ended]),
      log.log.startEpoch('host-2'),
      log.log.next(3),
      log.log.startEpoch('host-3'),
      log.log.next(1),
    );
  }

  async function epochs(
    ...args: string[]
  ): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
    const terminal = new RecordingTerminal({ cwd: directory.path });
    const code = await runCommandLine(['log', 'epochs', ...args], terminal);
    return { code, stdout: terminal.stdout.text, stderr: terminal.stderr.text };
  }

  it('tells who wrote each term, from where to where, from when to when, and how it ended', async () => {
    await writeThreeTerms();
    const { code, stdout, stderr } = await epochs('--output', 'json');
    expect(code, stderr).to.equal(0);
    const at = (seq: number) => `2026-01-01T00:00:00.${String(seq).padStart(3, '0')}Z`;
    expect(JSON.parse(stdout)).to.deep.equal([
      {
        epoch: 1,
        writer: 'sample-writer',
        first_seq: 0,
        last_seq: 4,
        records: 5,
        began: at(0),
        last_ts: at(4),
        ended: at(4),
        reason: 'stopped',
        end: 'ended',
      },
      {
        epoch: 2,
        writer: 'host-2',
        first_seq: 5,
        last_seq: 8,
        records: 4,
        began: at(5),
        last_ts: at(6),
        ended: at(9),
        reason: null,
        end: 'fenced',
      },
      {
        epoch: 3,
        writer: 'host-3',
        first_seq: 9,
        last_seq: 10,
        records: 2,
        began: at(9),
        last_ts: at(10),
        ended: null,
        reason: null,
        end: 'open',
      },
    ]);
  });

  it('prints a table to people', async () => {
    await writeThreeTerms();
    const lines = (await epochs()).stdout.trimEnd().split('\n');
    expect(lines).to.have.length(4);
    expect(lines[0]).to.match(/^EPOCH +WRITER +FIRST +LAST +RECORDS +BEGAN +ENDED +HOW$/);
    expect(lines[1]).to.match(/^1 +sample-writer +seq 0 +seq 4 +5 .* ended \(stopped\)$/);
    expect(lines[2]).to.match(/^2 +host-2 +seq 5 +seq 8 +4 .* fenced$/);
    expect(lines[3]).to.match(/^3 +host-3 +seq 9 +seq 10 +2 +\S+ +- +running or lost$/);
  });

  it('takes a record for an end only where it is the event of that type', async () => {
    const said = { type: 'NoteTaken', payload: { text: '"type":"EpochEnded"}', type: 'EpochEnded' } };
    await log.append(log.log.next(2), log.log.nextOf([said, said]));
    expect((await epochs()).stdout).to.match(/^1 .* seq 3 +4 .* running or lost$/m);
  });

  it('prints any number of terms page by page, with one head and as one array', async () => {
    const terms = Array.from({ length: 1_001 }, (_, index) => log.log.startEpoch(`host-${index}`));
    await log.append(...terms);
    const { stdout } = await epochs();
    expect(stdout.match(/^EPOCH/gm)).to.have.length(1);
    expect(stdout.trimEnd().split('\n')).to.have.length(1_002);
    const printed = JSON.parse((await epochs('-o', 'json')).stdout) as EpochReport[];
    expect(printed.map(({ epoch }) => epoch)).to.deep.equal(terms.map((_, index) => index + 1));
  });

  describe('of a log that is damaged', () => {
    const records = (): string[] => readFileSync(log.file, 'utf8').split('\n');

    async function expectDamage(kind: string, seq: number): Promise<readonly EpochReport[]> {
      const { code, stdout, stderr } = await epochs('--output', 'json');
      expect(code).to.equal(1);
      const { code: error, message } = JSON.parse(stderr);
      expect(error).to.equal('RYNXS_LOG_DAMAGED');
      expect(message).to.include(`at seq ${seq}: ${kind}`);
      const terminal = new RecordingTerminal({ cwd: directory.path });
      expect(await runCommandLine(['log', 'verify', '-o', 'json'], terminal)).to.equal(1);
      expect(JSON.parse(terminal.stdout.text).damage).to.include({ kind, first_bad_seq: seq });
      return stdout === '' ? [] : JSON.parse(stdout);
    }

    it('names the damage as verify does, after the terms before it', async () => {
      await writeThreeTerms();
      writeFileSync(log.file, records().with(7, records()[7]!.replace('"n":', '"m":')).join('\n'));
      const before = await expectDamage('hash_mismatch', 7);
      expect(before.map(({ epoch, end, last_seq }) => [epoch, end, last_seq])).to.deep.equal([
        [1, 'ended', 4],
        [2, 'unknown', 5],
      ]);
      expect((await epochs()).stdout).to.match(/^2 .* unknown: the log is damaged after this$/m);
    });

    it('misses a record, also when nothing tells but the end', async () => {
      await writeThreeTerms();
      writeFileSync(log.file, records().toSpliced(9, 1).join('\n'));
      await expectDamage('gap', 9);
    });

    it('finds two writers in a term', async () => {
      await writeThreeTerms();
      const { nextSeq: firstSeq, hash: prevHash = '' } = log.log.head;
      await log.append(batchOf([{}], { firstSeq, prevHash, epoch: 3, writer: 'host-2' }));
      const before = await expectDamage('epoch_broken', 11);
      expect(before.at(-1)).to.include({ epoch: 3, writer: 'host-3', last_seq: 10, end: 'unknown' });
    });

    it('prints nothing but the damage when the first record is bad', async () => {
      await writeThreeTerms();
      writeFileSync(log.file, records().with(0, records()[0]!.replace('"epoch":1', '"epoch":2')).join('\n'));
      expect(await expectDamage('hash_mismatch', 0)).to.deep.equal([]);
    });
  });

  it('exits with 2 where there is no log', async () => {
    const { code, stdout, stderr } = await epochs();
    expect([code, stdout]).to.deep.equal([2, '']);
    expect(stderr).to.include('RYNXS_LOG_NOT_FOUND');
  });
});
