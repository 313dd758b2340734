import { type JsonMap, type LogRecord, NoteSigner } from '@rynxs/log';
import { expect } from 'chai';
import type { EventStore } from '../contracts/event-store.js';
import { MemoryStorage, memoryEventStore } from '../testing/event-store-suite/memory-event-store.js';
import { capturingLogger, FakeClock } from '../testing/index.js';
import type { EventLog, EventLogOptions } from './event-log.js';
import type { SnapshotSource } from './snapshots.js';
import { draft, keysOf, openLog, rejection, settled, startTerm } from './testing/event-logs.js';

/** Counts what it was given, and what it was given again. */
class Counter implements SnapshotSource {
  version = 'counter@1';
  /** Events of each type. */
  counts = new Map<string, number>();
  /** Records that came through `onRecord`, not out of a snapshot. */
  replayed = 0;

  readonly onRecord = ({ event }: LogRecord): void => {
    this.replayed += 1;
    this.counts.set(event.type, (this.counts.get(event.type) ?? 0) + 1);
  };

  *save(): Generator<JsonMap> {
    for (const [type, count] of this.counts) yield { type, count };
  }

  restore(entries: Iterable<JsonMap>): void {
    this.reset();
    for (const { type, count } of entries) this.counts.set(String(type), Number(count));
  }

  reset(): void {
    this.counts = new Map();
  }
}

describe('snapshots of a log', () => {
  const keys = keysOf(NoteSigner.generate('test'));
  const EVENTS = 1_500;
  let storage: MemoryStorage;
  let full: Counter;
  const store = (): EventStore => memoryEventStore(storage);

  const open = async (counter: Counter, options: Partial<EventLogOptions> = {}) => {
    const logger = capturingLogger();
    const log = await openLog(store(), {
      keys,
      logger,
      clock: new FakeClock(),
      snapshots: counter,
      onRecord: counter.onRecord,
      ...options,
    });
    return { log, warnings: logger.lines.filter(({ level }) => level === 'warn') };
  };

  /** A term of so many events that a snapshot is taken at its clean stop. */
  const longTerm = async (log: EventLog) => {
    const term = await startTerm(log);
    for (let at = 0; at < EVENTS; at += 500) {
      await term.append(Array.from({ length: 500 }, (_, index) => draft(at + index)));
    }
    await term.end('stopped');
    await log.close();
  };

  /** A log with a snapshot at its clean stop, and three records behind it. */
  beforeEach(async () => {
    storage = new MemoryStorage();
    await longTerm((await open(new Counter())).log);
    const tail = await openLog(store(), { keys });
    await (await startTerm(tail)).end('stopped');
    await tail.close();
    full = new Counter();
    const all = await openLog(store(), { keys, onRecord: full.onRecord });
    await all.close();
  });

  const manifestName = () => [...storage.objects.keys()].find((name) => name.endsWith('/manifest')) ?? '';

  it('spare a start what they stand for, and lead to the same state', async () => {
    const counter = new Counter();
    const { log, warnings } = await open(counter);
    expect(warnings).to.deep.equal([]);
    expect(counter.replayed).to.equal(2);
    expect(counter.counts).to.deep.equal(full.counts);
    const term = await startTerm(log);
    expect(term.epoch).to.equal(3);
    await term.append([draft(1)]);
    await term.end('stopped');
    await log.close();
    await (await openLog(store(), { keys })).close();
  });

  it('hold a state of megabytes, in any script', async () => {
    storage = new MemoryStorage();
    const large = new Counter();
    const { log } = await open(large);
    for (let at = 0; at < 5_000; at += 1) large.counts.set(`${'Grüße 🦊'.repeat(20)} ${at}`, at);
    await longTerm(log);

    const counter = new Counter();
    const { log: again, warnings } = await open(counter);
    await again.close();
    expect(warnings).to.deep.equal([]);
    expect(counter.counts).to.deep.equal(large.counts);
  });

  const damages: Readonly<Record<string, [warning: string, damage: () => void]>> = {
    'whose state was altered': [
      'its state',
      () => {
        const name = manifestName().replace('manifest', 'state-0');
        const bytes = Buffer.from(storage.objects.get(name) ?? []);
        bytes[20] = (bytes[20] ?? 0) ^ 1;
        storage.objects.set(name, bytes);
      },
    ],
    'whose state is missing': [
      'is missing',
      () => storage.objects.delete(manifestName().replace('manifest', 'state-0')),
    ],
    'whose manifest was altered': [
      'no trusted key has signed it',
      () => {
        const text = storage.objects.get(manifestName())?.toString('utf8') ?? '';
        storage.objects.set(manifestName(), Buffer.from(text.replace('"entries":4', '"entries":5')));
      },
    ],
    'whose manifest is no note': [
      'its manifest cannot be read',
      () => storage.objects.set(manifestName(), Buffer.from('{}')),
    ],
    'that stands under another number': [
      'name',
      () => {
        const other = 'snapshots/0000000005';
        const state = storage.objects.get(manifestName().replace('manifest', 'state-0')) ?? Buffer.alloc(0);
        const manifest = storage.objects.get(manifestName()) ?? Buffer.alloc(0);
        storage.objects.delete(manifestName());
        storage.objects.set(`${other}/manifest`, manifest).set(`${other}/state-0`, state);
      },
    ],
  };
  for (const [what, [warning, damage]] of Object.entries(damages)) {
    it(`${what} are ignored with a warning, and everything is replayed`, async () => {
      damage();
      const counter = new Counter();
      const { log, warnings } = await open(counter);
      expect(warnings.map(({ fields }) => String(fields.reason))).to.have.lengthOf(1);
      expect(String(warnings[0]?.fields.reason)).to.contain(warning);
      expect(counter.counts).to.deep.equal(full.counts);
      expect(counter.replayed).to.equal(log.head().nextSeq);
      await log.close();
    });
  }

  it('of another version are ignored with a warning', async () => {
    const counter = new Counter();
    counter.version = 'counter@2';
    const { log, warnings } = await open(counter);
    expect(String(warnings[0]?.fields.reason)).to.equal('it is of counter@1, not of counter@2');
    expect(counter.counts).to.deep.equal(full.counts);
    await log.close();
  });

  it('of another key are ignored with a warning', async () => {
    const counter = new Counter();
    const { log, warnings } = await open(counter, { keys: keysOf(NoteSigner.generate('other')) });
    expect(String(warnings[0]?.fields.reason)).to.equal('no trusted key has signed it');
    expect(counter.counts).to.deep.equal(full.counts);
    await log.close();
  });

  it('that are ahead of the log are ignored with a warning', async () => {
    for (const name of [...storage.objects.keys()]) {
      if (name.startsWith('checkpoints/') && name > 'checkpoints/0000000100') storage.objects.delete(name);
    }
    storage.commits.splice(2);
    const counter = new Counter();
    const { log, warnings } = await open(counter);
    expect(String(warnings[0]?.fields.reason)).to.equal('it is ahead of the log');
    expect(counter.replayed).to.equal(502);
    await log.close();
  });

  it('that do not fit the log are not used: the log is replayed, and says itself what is wrong', async () => {
    // A second log from the first commit on, of the same length as the snapshot and without checkpoints of its own.
    storage.commits.splice(1);
    for (const name of [...storage.objects.keys()])
      if (name.startsWith('checkpoints/')) storage.objects.delete(name);
    const other = await openLog(store());
    const term = await startTerm(other);
    for (let at = 0; at < 2_000; at += 500) {
      await term.append(Array.from({ length: 500 }, (_, index) => draft(-at - index)));
    }
    await term.end('stopped');
    await other.close();
    const counter = new Counter();
    const { log, warnings } = await open(counter);
    expect(warnings.map(({ message }) => message)).to.include(
      'a snapshot does not fit the log and is not used',
    );
    expect(counter.replayed).to.be.at.least(log.head().nextSeq);
    expect(counter.counts.get('WidgetDeleted')).to.equal(2_000);
    await log.close();
  });

  describe('are followed by a verification of what stands behind them', () => {
    it('which finds damage there, and ends all writing', async () => {
      const clock = new FakeClock();
      const { log } = await open(new Counter(), { clock });
      const term = await startTerm(log);
      const commit = storage.commits[2]?.bytes;
      commit?.write('X', commit.indexOf('w-700'));
      await clock.advance(9_000);
      await settled();
      expect(term.signal.aborted, 'while the start is under way').to.equal(false);
      await clock.advance(60_000);
      await settled();
      await clock.advance(60_000);
      await settled();
      expect(term.signal.aborted).to.equal(true);
      expect((await rejection(term.append([draft(1)]))).code).to.equal('RYNXS_LOG_DAMAGED');
      expect((await rejection(startTerm(log))).code).to.equal('RYNXS_LOG_DAMAGED');
      await log.close();
    });

    it('which is content with a log that is as it was', async () => {
      const clock = new FakeClock();
      const { log } = await open(new Counter(), { clock });
      const term = await startTerm(log);
      for (let turn = 0; turn < 20; turn += 1) {
        await clock.advance(1_000);
        await settled();
      }
      await term.append([draft(1)]);
      await term.end('stopped');
      await log.close();
    });
  });
});
