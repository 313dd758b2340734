import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SampleLog } from '@rynxs/kernel/testing';
import { FileEventStore } from '@rynxs/store-file';
import { expect } from 'chai';
import { runCommandLine } from '../command-line.js';
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
      const [line = ''] = readFileSync(file, 'utf8').split('\n');
      const leaf = createHash('sha256').update(`\0${line}`).digest('base64');
      expect(record.leaf_hash).to.equal(leaf);
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
      expect(report).to.include({ records: 9, commits: 4, bytes: readFileSync(file).length });
      expect(report.largest_record_bytes).to.be.within(400, 800);
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
        .and.match(/^records +9 in 4 commits, /m);
    });
  });
});
