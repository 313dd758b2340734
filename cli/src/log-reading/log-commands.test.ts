import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SampleLog } from '@rynxs/kernel/testing';
import { FileEventStore } from '@rynxs/store-file';
import { expect } from 'chai';
import { runCommandLine } from '../command-line.js';
import type { VerifyReport } from '../log-verification/verify-report.js';
import { RecordingTerminal } from '../testing/recording-terminal.test.js';
import { TemporaryDirectory } from '../testing/temporary-directory.test.js';

const signal = new AbortController().signal;

describe('rynxs log', () => {
  let directory: TemporaryDirectory;
  let terminal: RecordingTerminal;
  let logs: string;
  let file: string;
  let log: SampleLog;

  beforeEach(() => {
    directory = new TemporaryDirectory();
    terminal = new RecordingTerminal({ cwd: directory.path });
    logs = join(directory.path, '.rynxs/logs');
    file = join(logs, 'operator-events.log');
    log = new SampleLog();
  });

  afterEach(() => directory[Symbol.dispose]());

  const run = (...args: string[]): Promise<number> => runCommandLine(['log', ...args], terminal);

  /** Writes a log of 9 records in 4 commits and 2 epochs. */
  async function writeLog(): Promise<void> {
    await using store = await openedStore();
    for (const batch of [
      log.next(3),
      log.nextOf([{ type: 'AgentObserved', aggregateId: 'agents/default/a', payload: { generation: 1 } }]),
      log.startEpoch(),
      log.next(4),
    ]) {
      await store.append(batch);
    }
  }

  async function openedStore(): Promise<
    AsyncDisposable & { append(batch: Parameters<FileEventStore['append']>[0]): Promise<void> }
  > {
    const store = new FileEventStore({ dir: logs });
    await store.open(signal);
    return { append: (batch) => store.append(batch, signal), [Symbol.asyncDispose]: () => store.close() };
  }

  function alterRecord(seq: number, change: (line: string) => string): void {
    const lines = readFileSync(file, 'utf8').split('\n');
    lines[seq] = change(lines[seq]!);
    writeFileSync(file, lines.join('\n'));
  }

  describe('verify', () => {
    it('finds an untouched log intact, and does not claim more', async () => {
      await writeLog();
      expect(await run('verify')).to.equal(0);
      expect(terminal.stdout.text)
        .to.match(/^intact: /)
        .and.include('9 records in 4 commits')
        .and.match(/epochs +2/)
        .and.include(`seq 8, ${log.head.hash}`)
        .and.match(/signed_to +none/)
        .and.match(/trust +none/)
        .and.include('Completeness is not proven');
    });

    it('gives programs the same', async () => {
      await writeLog();
      expect(await run('verify', '--output', 'json')).to.equal(0);
      const report = JSON.parse(terminal.stdout.text) as VerifyReport;
      expect(report).to.include({
        intact: true,
        records: 9,
        commits: 4,
        epochs: 2,
        log_id: 'sample-log',
        damage: null,
        signed_to: 'none',
        trust: 'none',
        completeness: 'not proven',
      });
      expect(report.head).to.deep.equal({ seq: 8, hash: log.head.hash });
      expect(report.bytes).to.equal(readFileSync(file).length);
    });

    it('names the first bad record, the kind of damage and the last good one', async () => {
      await writeLog();
      alterRecord(1, (line) => line.replace('"n":0', '"n":6'));
      expect(await run('verify')).to.equal(1);
      expect(terminal.stdout.text)
        .to.match(/^TAMPERED/)
        .and.match(/first bad +seq 1/)
        .and.match(/last good +seq 0/)
        .and.match(/damage +hash_mismatch: /);
    });

    it('notices a change of the very last record', async () => {
      await writeLog();
      alterRecord(8, (line) => line.replace('"n":8', '"n":9'));
      expect(await run('verify', '--output', 'json')).to.equal(1);
      const report = JSON.parse(terminal.stdout.text) as VerifyReport;
      expect(report.intact).to.equal(false);
      expect(report.damage).to.include({
        first_bad_seq: 8,
        kind: 'hash_mismatch',
        in_last_commit: true,
      });
    });

    it('leaves out a commit that was not finished, and says so', async () => {
      await writeLog();
      const { length } = readFileSync(file);
      writeFileSync(file, log.next(3).bytes.subarray(0, 700), { flag: 'a' });
      expect(await run('verify', '--output', 'json')).to.equal(0);
      const report = JSON.parse(terminal.stdout.text) as VerifyReport;
      expect(report).to.include({ intact: true, records: 9, bytes: length });
      expect(report.unfinished).to.deep.equal({ seq: 9, bytes: 700 });
    });

    it('notices a record that was taken out', async () => {
      await writeLog();
      alterRecord(3, () => '');
      writeFileSync(file, readFileSync(file, 'utf8').replace('\n\n', '\n'));
      expect(await run('verify', '--output', 'json')).to.equal(1);
      expect((JSON.parse(terminal.stdout.text) as VerifyReport).damage).to.include({
        first_bad_seq: 3,
        kind: 'gap',
      });
    });

    it('works while the log is being written', async () => {
      await using store = await openedStore();
      await store.append(log.next(2));
      expect(await run('verify')).to.equal(0);
      expect(terminal.stdout.text).to.include('2 records');
    });

    it('exits with 2 where there is nothing to verify', async () => {
      mkdirSync(logs, { recursive: true });
      expect(await run('verify')).to.equal(2);
      expect(terminal.stderr.text).to.include('RYNXS_LOG_NOT_FOUND');
    });

    it('exits with 2 for what cannot be read', async () => {
      mkdirSync(file, { recursive: true });
      expect(await run('verify')).to.equal(2);
      expect(terminal.stderr.text).to.include('RYNXS_LOG_UNAVAILABLE');
    });
  });

  describe('tail', () => {
    it('prints the last records, one a line', async () => {
      await writeLog();
      expect(await run('tail', '-n', '2')).to.equal(0);
      const lines = terminal.stdout.text.trimEnd().split('\n');
      expect(lines).to.have.length(2);
      expect(lines[0]).to.match(/^ +7 2026-01-01T00:00:00\.\d{3}Z SampleObserved +samples\/default\/one/);
      expect(lines[1]).to.match(/^ +8 /);
    });

    it('prints ten when it is not told how many, all of them when there are fewer', async () => {
      await writeLog();
      await run('tail');
      expect(terminal.stdout.text.trimEnd().split('\n')).to.have.length(9);
    });

    it('prints whole events to programs, with their hash', async () => {
      await writeLog();
      await run('tail', '-n', '1', '--output', 'json');
      expect(JSON.parse(terminal.stdout.text)).to.include({
        seq: 8,
        type: 'SampleObserved',
        hash: log.head.hash,
      });
    });

    it('follows what is appended until Ctrl-C, which is its good end', async () => {
      await using store = await openedStore();
      await store.append(log.next(2));
      const done = run('tail', '-f', '-n', '1');
      await terminal.stdout.until(/^ +1 /m);
      await store.append(log.next(2));
      await terminal.stdout.until(/^ +3 /m);
      terminal.interrupt();
      expect(await done).to.equal(0);
      expect(terminal.stdout.text.match(/^ +\d+ /gm)?.map(Number)).to.deep.equal([1, 2, 3]);
    });

    it('stops at a damaged record and says so', async () => {
      await writeLog();
      alterRecord(1, (line) => line.replace('"n":0', '"n":1'));
      expect(await run('tail')).to.equal(1);
      expect(terminal.stderr.text).to.include('RYNXS_LOG_DAMAGED').and.include('seq 1');
    });
  });

  describe('inspect', () => {
    it('prints the event, its hash, the one before and the commit', async () => {
      await writeLog();
      expect(await run('inspect', '6')).to.equal(0);
      expect(terminal.stdout.text)
        .to.include('"seq": 6')
        .and.match(/^hash {4}[0-9a-f]{64}$/m)
        .and.match(/^prev {4}[0-9a-f]{64}$/m)
        .and.match(/^commit {2}seq 5 to 8, batch /m);
    });

    it('gives programs the same', async () => {
      await writeLog();
      expect(await run('inspect', '0', '--output', 'json')).to.equal(0);
      const record = JSON.parse(terminal.stdout.text);
      expect(record.event).to.include({ seq: 0, type: 'EpochStarted' });
      expect(record.prev_hash).to.equal('0'.repeat(64));
      expect(record.commit).to.include({ first_seq: 0, last_seq: 2, records: 3 });
    });

    it('exits with 2 for a record that is not there', async () => {
      await writeLog();
      expect(await run('inspect', '9')).to.equal(2);
      expect(terminal.stderr.text).to.include('RYNXS_LOG_NO_SUCH_RECORD');
    });
  });

  describe('stats', () => {
    it('counts by type, by agent and by epoch', async () => {
      await writeLog();
      expect(await run('stats', '--output', 'json')).to.equal(0);
      const report = JSON.parse(terminal.stdout.text);
      expect(report).to.include({ records: 9, bytes: readFileSync(file).length });
      expect(report.by_type).to.deep.equal([
        { name: 'SampleObserved', records: 6 },
        { name: 'EpochStarted', records: 2 },
        { name: 'AgentObserved', records: 1 },
      ]);
      expect(report.by_agent).to.deep.include({ name: 'agents/default/a', records: 1 });
      expect(report.by_epoch).to.deep.equal([
        { name: 1, records: 4 },
        { name: 2, records: 5 },
      ]);
      expect(report.first_ts).to.equal('2026-01-01T00:00:00.000Z');
    });

    it('prints tables to people', async () => {
      await writeLog();
      expect(await run('stats')).to.equal(0);
      expect(terminal.stdout.text)
        .to.match(/^SampleObserved +6$/m)
        .and.match(/^records +9, /m);
    });
  });
});
