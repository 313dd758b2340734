import { ChainVerifier, type LogRecord } from '@rynxs/log';
import { expect } from 'chai';
import { SystemClock } from '../clock/system-clock.js';
import type { Clock } from '../contracts/clock.js';
import type { Batch, EventStore, StoreErrorCode } from '../contracts/event-store.js';
import type { Tenure } from '../contracts/leadership.js';
import type { RynxsError } from '../errors/rynxs-error.js';
import { StandaloneLeadership } from '../leadership/standalone.js';
import { SystemRandom } from '../random/system-random.js';
import type { EventDraft } from '../reconcile/events.js';
import { NoTelemetry } from '../telemetry/no-telemetry.js';
import {
  MemoryEventStore,
  MemoryStorage,
  memoryEventStore,
} from '../testing/event-store-suite/memory-event-store.js';
import { batchOf } from '../testing/event-store-suite/sample-log.js';
import { FakeClock, FakeTelemetry } from '../testing/index.js';
import { EventLog } from './event-log.js';

const OWNER = { clusterUid: 'cluster-1', shard: 'default' };
const { signal } = new AbortController();

/** A store whose appends fail as a test wants it; everything else is the store in memory. */
class FaultyStore {
  readonly appends: Batch[] = [];
  /** Called before the batch is stored; a code refuses it. */
  before: (batch: Batch) => StoreErrorCode | undefined = () => undefined;
  /** Called after the batch was stored; a code loses the answer. */
  after: (batch: Batch) => StoreErrorCode | undefined = () => undefined;

  static over(storage: MemoryStorage): { readonly faults: FaultyStore; readonly store: EventStore } {
    const faults = new FaultyStore();
    const inner = memoryEventStore(storage);
    const codes = new WeakMap<object, StoreErrorCode>();
    const fail = (code: StoreErrorCode | undefined) => {
      if (code === undefined) return;
      const error = new Error(`made to be ${code}`);
      codes.set(error, code);
      throw error;
    };
    const store: EventStore = {
      location: inner.location,
      open: (s) => inner.open(s),
      append: async (batch, s) => {
        faults.appends.push({ ...batch, bytes: Buffer.from(batch.bytes) });
        fail(faults.before(batch));
        await inner.append(batch, s);
        fail(faults.after(batch));
      },
      read: (from, s) => inner.read(from, s),
      head: (s) => inner.head(s),
      createObject: (name, bytes, s) => inner.createObject(name, bytes, s),
      readObject: (name, s) => inner.readObject(name, s),
      listObjects: (prefix, s) => inner.listObjects(prefix, s),
      close: () => inner.close(),
      errorCode: (error) => codes.get(error as object) ?? inner.errorCode(error),
    };
    return { faults, store };
  }
}

const draft = (n: number, size = 0): EventDraft => ({
  type: 'WidgetDeleted',
  aggregateId: `widgets/default/w-${n}`,
  payload: { v: 1, uid: `${n}${'x'.repeat(size)}`, found: 'watching' },
  traceId: `trace-${n}`,
});

async function tenure(): Promise<Tenure> {
  for await (const yielded of new StandaloneLeadership(new SystemRandom()).campaign(signal)) return yielded;
  throw new Error('no tenure');
}

async function open(
  store: EventStore,
  records: LogRecord[] = [],
  clock: Clock = new SystemClock(),
): Promise<EventLog> {
  const options = {
    store,
    clock,
    random: new SystemRandom(),
    telemetry: new NoTelemetry(),
  };
  return EventLog.open({ ...options, onRecord: (record) => records.push(record) }, signal);
}

async function rejection(attempt: Promise<unknown>): Promise<RynxsError> {
  try {
    await attempt;
  } catch (error) {
    return error as RynxsError;
  }
  throw new Error('it was not rejected');
}

async function verify(storage: MemoryStorage) {
  const verifier = new ChainVerifier();
  for (const { bytes } of storage.commits) verifier.push(bytes);
  return verifier.finish();
}

describe('EventLog', () => {
  let storage: MemoryStorage;
  beforeEach(() => {
    storage = new MemoryStorage();
  });

  it('tells how long events wait, also those that begin a term, and how many terms there were', async () => {
    const { store } = FaultyStore.over(storage);
    const asked = Promise.withResolvers<void>();
    const answer = Promise.withResolvers<void>();
    const slow: EventStore = {
      ...store,
      append: async (batch, s) => {
        asked.resolve();
        await answer.promise;
        await store.append(batch, s);
      },
    };
    const clock = new FakeClock();
    const telemetry = new FakeTelemetry();
    const parts = { store: slow, clock, random: new SystemRandom(), telemetry, onRecord: () => undefined };
    const log = await EventLog.open(parts, signal);
    expect(telemetry.value('rynxs_log_epoch')).to.equal(0);
    const starting = log.startTerm(await tenure(), OWNER, signal);
    await asked.promise;
    await clock.advance(12_000);
    expect(telemetry.value('rynxs_event_append_oldest_pending_seconds')).to.equal(12);
    answer.resolve();
    await starting;
    expect(telemetry.value('rynxs_event_append_oldest_pending_seconds')).to.equal(0);
    expect(telemetry.value('rynxs_log_epoch')).to.equal(1);
    await log.close();
    const again = await EventLog.open({ ...parts, store: memoryEventStore(storage) }, signal);
    expect(telemetry.value('rynxs_log_epoch'), 'read from the log').to.equal(1);
    await again.close();
  });

  it('begins an empty log with EpochStarted of epoch 1, which carries its identity', async () => {
    const log = await open(memoryEventStore(storage));
    const term = await log.startTerm(await tenure(), OWNER, signal);
    expect(term.epoch).to.equal(1);
    expect(log.identity?.clusterUid).to.equal('cluster-1');
    expect(log.identity?.logId).to.match(/^[0-9a-f]{32}$/);
    await term.end('stopped');
    await log.close();
    expect(await verify(storage)).to.include({ records: 2, epoch: 1, epochEnded: true });
  });

  it('goes on where it stopped: next epoch, same identity, one unbroken chain', async () => {
    const first = await open(memoryEventStore(storage));
    const term = await first.startTerm(await tenure(), OWNER, signal);
    await term.append([draft(1), draft(2)]);
    const { identity } = first;
    await first.close();

    const replayed: LogRecord[] = [];
    const second = await open(memoryEventStore(storage), replayed);
    expect(replayed.map(({ event }) => event.type)).to.deep.equal([
      'EpochStarted',
      'WidgetDeleted',
      'WidgetDeleted',
    ]);
    const next = await second.startTerm(await tenure(), OWNER, signal);
    expect(next.epoch).to.equal(2);
    expect(second.identity).to.deep.equal(identity);
    await second.close();
    expect(await verify(storage)).to.include({ records: 4, epochs: 2 });
  });

  it('resolves an append with the records as they were written', async () => {
    const delivered: LogRecord[] = [];
    const log = await open(memoryEventStore(storage), delivered);
    const term = await log.startTerm(await tenure(), OWNER, signal);
    const records = await term.append([draft(7)]);
    expect(records[0]?.event).to.deep.include({
      aggregate_id: 'widgets/default/w-7',
      seq: 1,
      type: 'WidgetDeleted',
      payload: { v: 1, uid: '7', found: 'watching' },
    });
    expect(delivered.at(-1)).to.equal(records[0]);
    expect(log.head()).to.deep.equal({ nextSeq: 2, hash: records[0]?.hash });
    await log.close();
  });

  it('never lets time go back, whatever the clock does', async () => {
    const clock = new FakeClock(Date.UTC(2026, 5, 1));
    const log = await open(memoryEventStore(storage), [], clock);
    const term = await log.startTerm(await tenure(), OWNER, signal);
    clock.setWallClock(Date.UTC(2026, 4, 1));
    const [late] = await term.append([draft(1)]);
    expect(late?.event.ts).to.equal('2026-06-01T00:00:00.000Z');
    await log.close();
    await verify(storage);
  });

  it('refuses a store whose records end before the head that it claims', async () => {
    const store = memoryEventStore(storage);
    const claim = store.open.bind(store);
    store.open = async (s) => ({ ...(await claim(s)), head: { nextSeq: 5, hash: 'f'.repeat(64) } });
    const failure = await rejection(open(store));
    expect(failure.code).to.equal('RYNXS_LOG_DAMAGED');
    expect(failure.details).to.include({ kind: 'truncated', seq: 0 });
  });

  it('commits in groups what is appended at the same time, and keeps each append in one commit', async () => {
    const { store, faults } = FaultyStore.over(storage);
    const log = await open(store);
    const term = await log.startTerm(await tenure(), OWNER, signal);
    await Promise.all(Array.from({ length: 3_000 }, (_, n) => term.append([draft(n)])));
    const counts = faults.appends.slice(1).map((batch) => batch.count);
    expect(counts).to.deep.equal([1_000, 1_000, 1_000]);
    await Promise.all([
      term.append(Array.from({ length: 600 }, (_, n) => draft(n))),
      term.append(Array.from({ length: 600 }, (_, n) => draft(n))),
    ]);
    expect(faults.appends.slice(-2).map((batch) => batch.count)).to.deep.equal([600, 600]);
    await log.close();
    expect(await verify(storage)).to.include({ records: 1 + 3_000 + 1_200 });
  });

  it('lets appends wait while its queue is full, and gives up waiting when asked to', async () => {
    const { store, faults } = FaultyStore.over(storage);
    const log = await open(store);
    const term = await log.startTerm(await tenure(), OWNER, signal);
    let mostBytes = 0;
    faults.before = ({ bytes }) => {
      mostBytes = Math.max(mostBytes, bytes.length);
      return undefined;
    };
    const big = Array.from({ length: 400 }, (_, n) => term.append([draft(n, 50_000)]));
    const late = new AbortController();
    const waiting = term.append([draft(0, 50_000)], late.signal);
    late.abort(new Error('too late'));
    expect((await rejection(waiting)).message).to.equal('too late');
    await Promise.all(big);
    expect(mostBytes).to.be.within(1, 1_048_576);
    await log.close();
  });

  it('lets nobody overtake who waits for a place in its queue', async () => {
    const log = await open(memoryEventStore(storage));
    const term = await log.startTerm(await tenure(), OWNER, signal);
    const appends = Array.from({ length: 170 }, (_, n) => term.append([draft(n, 50_000)]));
    // It would fit where those before it do not.
    appends.push(term.append([draft(170, 1)]));
    const seqs = (await Promise.all(appends)).map(([record]) => record?.event.seq ?? 0);
    expect(seqs).to.deep.equal(seqs.toSorted((a, b) => a - b));
    await log.close();
  });

  it('refuses an event that is too large or no JSON, and goes on', async () => {
    const log = await open(memoryEventStore(storage));
    const term = await log.startTerm(await tenure(), OWNER, signal);
    const tooLarge = await rejection(term.append([draft(1, 70_000)]));
    expect(tooLarge.code).to.equal('RYNXS_EVENT_TOO_LARGE');
    expect(tooLarge.message).to.include('widgets/default/w-1');
    const invalid = {
      ...draft(1),
      payload: { v: 1, uid: Number.NaN, found: 'watching' },
    } as unknown as EventDraft;
    expect((await rejection(term.append([invalid]))).code).to.equal('RYNXS_EVENT_INVALID');
    await term.append([draft(2)]);
    await log.close();
    expect(await verify(storage)).to.include({ records: 2 });
  });

  it('ends for good when another writer was faster, and rejects everything that waits', async () => {
    const { store, faults } = FaultyStore.over(storage);
    const log = await open(store);
    const term = await log.startTerm(await tenure(), OWNER, signal);
    faults.before = () => 'conflict';
    const failures = await Promise.all([
      rejection(term.append([draft(1)])),
      rejection(term.append([draft(2)])),
    ]);
    for (const failure of failures) expect(failure.code).to.equal('RYNXS_LOG_FENCED');
    faults.before = () => undefined;
    expect((await rejection(term.append([draft(3)]))).code).to.equal('RYNXS_LOG_FENCED');
    expect(term.signal.aborted).to.equal(true);
    expect(() => term.assert(0)).to.throw('has ended');
    expect(await verify(storage)).to.include({ records: 1 });
  });

  it('tries EpochStarted again at the new head when a rival was faster', async () => {
    const { store, faults } = FaultyStore.over(storage);
    const log = await open(store);
    let raced = false;
    faults.before = () => {
      if (!raced) commitRivalEpoch(storage);
      raced = true;
      return undefined;
    };
    const term = await log.startTerm(await tenure(), OWNER, signal);
    expect(term.epoch).to.equal(2);
    await log.close();
    expect(await verify(storage)).to.include({ records: 2, epochs: 2 });
  });

  it('sends the same bytes again while nobody knows whether a commit happened', async () => {
    const { store, faults } = FaultyStore.over(storage);
    const log = await open(store);
    const term = await log.startTerm(await tenure(), OWNER, signal);
    let failures = 0;
    faults.before = () => (++failures <= 2 ? 'ambiguous' : undefined);
    const [record] = await term.append([draft(1)]);
    const [first, ...again] = faults.appends.slice(1);
    expect(again).to.have.lengthOf(2);
    for (const batch of again) expect(batch).to.deep.equal(first);
    expect(record?.event.seq).to.equal(1);
    await log.close();
    await verify(storage);
  });

  it('gives up for good when nobody knows for 30 s', async () => {
    const clock = new FakeClock();
    const { store, faults } = FaultyStore.over(storage);
    const log = await open(store, [], clock);
    const term = await log.startTerm(await tenure(), OWNER, signal);
    faults.before = () => 'ambiguous';
    const failure = rejection(term.append([draft(1)]));
    await clock.advance(29_999);
    expect(term.signal.aborted).to.equal(false);
    await clock.advance(2_000);
    expect((await failure).code).to.equal('RYNXS_LOG_UNAVAILABLE');
    expect(term.signal.aborted).to.equal(true);
    expect(await verify(storage)).to.include({ records: 1 });
  });

  it('finds its own commit when only the answer was lost', async () => {
    const { store, faults } = FaultyStore.over(storage);
    const log = await open(store);
    const term = await log.startTerm(await tenure(), OWNER, signal);
    let lost = false;
    faults.after = () => {
      if (lost) return undefined;
      lost = true;
      return 'ambiguous';
    };
    await term.append([draft(1)]);
    await term.append([draft(2)]);
    expect(term.signal.aborted).to.equal(false);
    await log.close();
    expect(await verify(storage)).to.include({ records: 3 });
  });

  it('loses nothing when there is no space, and goes on when there is', async () => {
    const { store, faults } = FaultyStore.over(storage);
    const log = await open(store);
    const term = await log.startTerm(await tenure(), OWNER, signal);
    faults.before = () => 'full';
    expect((await rejection(term.append([draft(1)]))).code).to.equal('RYNXS_LOG_FULL');
    expect(term.signal.aborted).to.equal(false);
    faults.before = () => undefined;
    const [record] = await term.append([draft(1)]);
    expect(record?.event.seq).to.equal(1);
    await log.close();
    expect(await verify(storage)).to.include({ records: 2 });
  });

  it('ends when the store no longer knows what is durable', async () => {
    const { store, faults } = FaultyStore.over(storage);
    const log = await open(store);
    const term = await log.startTerm(await tenure(), OWNER, signal);
    faults.before = () => 'poisoned';
    expect((await rejection(term.append([draft(1)]))).code).to.equal('RYNXS_LOG_UNAVAILABLE');
    expect(term.signal.aborted).to.equal(true);
    expect((await rejection(term.append([draft(2)]))).code).to.equal('RYNXS_LOG_UNAVAILABLE');
  });

  it('refuses the log of another cluster or shard', async () => {
    const first = await open(memoryEventStore(storage));
    await first.startTerm(await tenure(), OWNER, signal);
    await first.close();
    const log = await open(memoryEventStore(storage));
    const foreign = await rejection(
      log.startTerm(await tenure(), { ...OWNER, clusterUid: 'cluster-2' }, signal),
    );
    expect(foreign.code).to.equal('RYNXS_LOG_FOREIGN');
    expect(foreign.message).to.include('cluster-1').and.to.include('cluster-2');
    const shard = await rejection(log.startTerm(await tenure(), { ...OWNER, shard: 'other' }, signal));
    expect(shard.message).to.include('shard');
    expect(storage.commits).to.have.lengthOf(1);
    await log.close();
  });

  it('refuses a damaged log, says where, and gives the store up', async () => {
    const first = await open(memoryEventStore(storage));
    const term = await first.startTerm(await tenure(), OWNER, signal);
    await term.append([draft(1)]);
    await term.append([draft(2)]);
    await first.close();
    const damaged = storage.commits[1]?.bytes;
    damaged?.write('w-X', damaged.indexOf('w-1'));
    const failure = await rejection(open(memoryEventStore(storage)));
    expect(failure.code).to.equal('RYNXS_LOG_DAMAGED');
    expect(failure.details).to.include({ seq: 1, kind: 'hash_mismatch', lastGood: 0 });
    expect(storage.owner).to.equal(undefined);
  });

  it('records a dropped tail in the commit that opens the term', async () => {
    const first = await open(memoryEventStore(storage));
    await first.startTerm(await tenure(), OWNER, signal);
    await first.close();
    storage.torn = Buffer.from('{"event":{"agg');
    const records: LogRecord[] = [];
    const log = await open(memoryEventStore(storage), records);
    const term = await log.startTerm(await tenure(), OWNER, signal);
    await term.end('handed over');
    await log.startTerm(await tenure(), OWNER, signal);
    await log.close();
    expect(records.filter(({ event }) => event.type === 'TailDropped')).to.have.lengthOf(1);
    const [started, dropped] = records.slice(1);
    expect(dropped?.event.type).to.equal('TailDropped');
    expect(dropped?.event.payload).to.include({ seq: 1, bytes: 14 });
    expect(dropped?.event.meta.batch).to.equal(started?.event.meta.batch);
    await verify(storage);
  });

  it('ends when the state cannot be computed from what it has written, and says so at each start', async () => {
    const failing = (record: LogRecord) => {
      if (record.event.type === 'WidgetDeleted') throw new TypeError('no such widget');
    };
    const options = { clock: new SystemClock(), random: new SystemRandom(), telemetry: new NoTelemetry() };
    const store = () => memoryEventStore(storage);
    const log = await EventLog.open({ ...options, store: store(), onRecord: failing }, signal);
    const term = await log.startTerm(await tenure(), OWNER, signal);
    expect((await rejection(term.append([draft(1)]))).code).to.equal('RYNXS_REDUCER_FAILED');
    expect(term.signal.aborted).to.equal(true);
    await log.close();
    const again = await rejection(EventLog.open({ ...options, store: store(), onRecord: failing }, signal));
    expect(again.code).to.equal('RYNXS_REDUCER_FAILED');
    expect(again.message).to.contain('seq 1 (WidgetDeleted of widgets/default/w-1): no such widget');
    await (await open(store())).close();
  });

  it('sends the same bytes again when a collision cannot be looked at', async () => {
    const { faults, store } = FaultyStore.over(storage);
    const log = await open(store);
    const term = await log.startTerm(await tenure(), OWNER, signal);
    let answers = 1;
    faults.after = () => (answers-- > 0 ? 'ambiguous' : undefined);
    const read = store.read.bind(store);
    let failures = 2;
    store.read = async function* (from, s) {
      if (failures-- > 0) throw new Error('no answer');
      yield* read(from, s);
    };
    expect(await term.append([draft(1)])).to.have.lengthOf(1);
    const [, first, ...others] = faults.appends;
    expect(others.map(({ bytes }) => Buffer.compare(bytes, first?.bytes ?? bytes))).to.deep.equal([0, 0, 0]);
    store.read = read;
    await log.close();
    expect((await verify(storage)).records).to.equal(2);
  });

  it('names the first record that is missing when a commit in the middle is gone', async () => {
    const log = await open(memoryEventStore(storage));
    const term = await log.startTerm(await tenure(), OWNER, signal);
    for (let n = 1; n <= 4; n += 1) await term.append([draft(n)]);
    await log.close();
    storage.commits.splice(2, 1);
    class Unverified extends MemoryEventStore {
      override async open() {
        return { head: await this.head(signal), droppedTails: [] };
      }
    }
    const failure = await rejection(open(new Unverified(storage)));
    expect(failure.code).to.equal('RYNXS_LOG_DAMAGED');
    expect(failure.message).to.contain('at seq 2: gap').and.contain('the last good record is 1');
  });
});

/** Commits a valid first epoch behind the back of whoever has the storage open. */
function commitRivalEpoch(storage: MemoryStorage): void {
  const payload = {
    epoch: 1,
    holder: 'rival',
    log_id: 'l',
    cluster_uid: OWNER.clusterUid,
    shard: OWNER.shard,
  };
  const { firstSeq, count, bytes } = batchOf([{ type: 'EpochStarted', aggregateId: 'log', payload }], {
    writer: 'rival',
  });
  storage.commits.push({ firstSeq, count, bytes: Buffer.from(bytes) });
}
