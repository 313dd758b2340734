import type { LogRecord } from '@rynxs/log';
import { expect } from 'chai';
import type { Tenure } from '../contracts/leadership.js';
import { rynxsError } from '../errors/rynxs-error.js';
import { MemoryStorage } from '../testing/event-store-suite/memory-event-store.js';
import { SharedEventStore } from '../testing/event-store-suite/shared-event-store.js';
import { FakeClock, FakeTelemetry, lastingTenure } from '../testing/index.js';
import type { EventLog, EventLogOptions, WritingTerm } from './event-log.js';
import { draft, MemoryAnchor, openLog, rejection, settled, typesIn } from './testing/event-logs.js';

const OWNER = { clusterUid: 'cluster-1', shard: 'default' };
const HOLD_OFF_MS = 15_000;
const { signal } = new AbortController();

/** A tenure that a test ends. */
class Ending {
  readonly #ended = new AbortController();
  readonly tenure: Tenure;

  constructor(holder: string, changes: Partial<Tenure> = {}) {
    const { signal: ended } = this.#ended;
    const assert = () => ended.throwIfAborted();
    this.tenure = lastingTenure({ holder, signal: ended, assert, holdOffMs: HOLD_OFF_MS, ...changes });
  }

  end(): void {
    this.#ended.abort(rynxsError('RYNXS_LEADERSHIP_LOST', { detail: 'the test ended it' }));
  }
}

/** One of several processes that have the log of a storage open. */
class Replica {
  readonly records: LogRecord[] = [];
  readonly telemetry = new FakeTelemetry();
  readonly store: SharedEventStore;
  log!: EventLog;

  constructor(
    readonly name: string,
    readonly storage: MemoryStorage,
    readonly clock: FakeClock,
  ) {
    this.store = new SharedEventStore(storage);
  }

  async open(options: Partial<EventLogOptions> = {}): Promise<this> {
    const { clock, telemetry } = this;
    const onRecord = (record: LogRecord) => this.records.push(record);
    this.log = await openLog(this.store, { clock, telemetry, onRecord, hasRivals: true, ...options });
    return this;
  }

  lead(changes: Partial<Tenure> = {}): Promise<WritingTerm> {
    return this.log.startTerm(new Ending(this.name, changes).tenure, OWNER, signal);
  }

  /** Why it is not ready. */
  get problem(): string | undefined {
    return this.telemetry.unhealthy('ready')[0];
  }

  get isAvailable(): boolean {
    return this.telemetry.value('rynxs_log_available') === 1;
  }
}

describe('terms of several replicas on one log', () => {
  let storage: MemoryStorage;
  let clock: FakeClock;
  let replicas: Replica[];

  beforeEach(() => {
    storage = new MemoryStorage();
    clock = new FakeClock();
    replicas = [];
  });
  afterEach(async () => {
    for (const { log, store } of replicas) {
      store.hangs = undefined;
      await log.close();
    }
  });

  const replica = async (name: string, options?: Partial<EventLogOptions>) => {
    const one = await new Replica(name, storage, clock).open(options);
    replicas.push(one);
    return one;
  };
  const types = () => typesIn(storage).map(({ type }) => type);
  const isHeldOff = (term: WritingTerm) => {
    try {
      term.assert(0);
      return false;
    } catch (error) {
      expect(error).to.have.property('code', 'RYNXS_LEADERSHIP_HELD_OFF');
      return true;
    }
  };

  describe('a standby', () => {
    it('has what the leader writes, in order and once, and writes nothing', async () => {
      const [leader, standby] = [await replica('a'), await replica('b')];
      const term = await leader.lead();
      for (let n = 0; n < 3; n += 1) {
        await term.append([draft(n)]);
        await standby.log.follow(signal);
        expect(standby.log.head()).to.deep.equal(leader.log.head());
      }
      expect(standby.records).to.deep.equal(leader.records);
      expect(standby.telemetry.value('rynxs_log_head_seq')).to.equal(3);
      expect(standby.store.calls.filter((call) => call === 'append' || call === 'createObject')).to.be.empty;
    });

    it('asks for the head alone while nothing is new', async () => {
      const [leader, standby] = [await replica('a'), await replica('b')];
      await leader.lead();
      await standby.log.follow(signal);
      standby.store.calls.length = 0;
      await standby.log.follow(signal);
      await standby.log.follow(signal);
      expect(standby.store.calls).to.deep.equal(['head', 'head']);
    });

    it('says that it cannot read the log, and that it can again', async () => {
      const standby = await replica('b');
      standby.store.reads = 'unavailable';
      expect((await rejection(standby.log.follow(signal))).code).to.equal('RYNXS_LOG_UNAVAILABLE');
      expect(standby.isAvailable).to.equal(false);
      expect(standby.problem).to.contain('made to be unavailable');
      standby.store.reads = undefined;
      await standby.log.follow(signal);
      expect(standby.isAvailable).to.equal(true);
      expect(standby.problem).to.equal(undefined);
    });

    it('becomes one again when its own term was lost', async () => {
      const [first, second] = [await replica('a'), await replica('b')];
      const ending = new Ending('a');
      await first.log.startTerm(ending.tenure, OWNER, signal);
      ending.end();
      await (await second.lead()).append([draft(1)]);
      await first.log.follow(signal);
      expect(first.log.head()).to.deep.equal(second.log.head());
      expect(first.problem).to.equal(undefined);
    });
  });

  describe('a term', () => {
    it('is announced once its epoch is in the log', async () => {
      const announced: unknown[] = [];
      const leader = await replica('a');
      await leader.lead({ announce: (term) => announced.push({ ...term, types: types() }) });
      const logId = leader.log.identity?.logId;
      expect(announced).to.deep.equal([{ epoch: 1, logId, types: ['EpochStarted'] }]);
    });

    it('acts at once in a log that is empty, and after one that has ended', async () => {
      const [first, second] = [await replica('a'), await replica('b')];
      const term = await first.lead();
      expect(isHeldOff(term)).to.equal(false);
      await term.end('stopped');
      expect(isHeldOff(await second.lead())).to.equal(false);
    });

    it('holds off after one that has not ended, from when it has fenced the log', async () => {
      const [first, second] = [await replica('a'), await replica('b')];
      await first.lead();
      await clock.advance(60_000);
      const term = await second.lead();
      expect(types().at(-1)).to.equal('EpochStarted');
      await clock.advance(HOLD_OFF_MS - 1);
      expect(isHeldOff(term)).to.equal(true);
      await clock.advance(1);
      expect(isHeldOff(term)).to.equal(false);
    });

    it('acts at once when the elector has seen the holder before do nothing for as long as it may', async () => {
      const [first, second] = [await replica('a'), await replica('b')];
      await first.lead();
      expect(isHeldOff(await second.lead({ holdOffMs: 0 }))).to.equal(false);
    });

    it('does not say that it has ended when it was not yet allowed to act: the one before it may still', async () => {
      const [first, second, third] = [await replica('a'), await replica('b'), await replica('c')];
      await first.lead();
      await (await second.lead()).end('stopped');
      expect(types()).not.to.include('EpochEnded');
      expect(isHeldOff(await third.lead())).to.equal(true);
    });

    it('does not touch the anchor, which is in the cluster, before it may act', async () => {
      const anchor = new MemoryAnchor();
      const [first, second] = [await replica('a'), await replica('b', { anchor })];
      await first.lead();
      await second.lead();
      await clock.advance(HOLD_OFF_MS - 1);
      await settled();
      expect(anchor.moves).to.deep.equal([]);
      await clock.advance(1);
      await settled();
      expect(anchor.moves).to.deep.equal([2]);
    });

    it('moves the anchor within the time that its writes may take', async () => {
      const anchor = new MemoryAnchor();
      const leader = await replica('a', { anchor });
      const asserted: number[] = [];
      await leader.lead({ writeTimeoutMs: 900, assert: (remainingMs) => void asserted.push(remainingMs) });
      await settled();
      expect(anchor.moves).to.deep.equal([1]);
      expect(Math.max(...asserted)).to.equal(900);
    });

    it('appends nothing any more once its tenure is over', async () => {
      const leader = await replica('a');
      const ending = new Ending('a');
      const term = await leader.log.startTerm(ending.tenure, OWNER, signal);
      const queued = rejection(term.append([draft(1)]));
      ending.end();
      expect((await queued).code).to.equal('RYNXS_LEADERSHIP_LOST');
      expect((await rejection(term.append([draft(2)]))).code).to.equal('RYNXS_LEADERSHIP_LOST');
      await settled();
      expect(types()).to.deep.equal(['EpochStarted']);
    });

    it('asks its tenure before each append: an elector may know before its signal that the time is over', async () => {
      let isOver = false;
      const leader = await replica('a');
      const term = await leader.lead({
        assert: () => {
          if (isOver) throw rynxsError('RYNXS_LEADERSHIP_LOST', { detail: 'the time is over' });
        },
      });
      isOver = true;
      for (const attempt of [term.append([draft(1)]), term.end('stopped')]) {
        expect((await rejection(attempt)).code).to.equal('RYNXS_LEADERSHIP_LOST');
      }
      expect(types()).to.deep.equal(['EpochStarted']);
    });

    it('aborts the commit under way when its tenure ends, and the next one learns what became of it', async () => {
      for (const fate of ['written', 'unwritten'] as const) {
        storage = new MemoryStorage();
        const leader = await replica('a');
        const ending = new Ending('a');
        const term = await leader.log.startTerm(ending.tenure, OWNER, signal);
        await term.append([draft(1)]);
        leader.store.hangs = fate;
        const lost = rejection(term.append([draft(2)]));
        await settled();
        ending.end();
        expect((await lost).code).to.equal('RYNXS_LEADERSHIP_LOST');
        leader.store.hangs = undefined;
        leader.store.calls.length = 0;
        await leader.lead({ holdOffMs: 0 });
        expect(leader.store.calls, 'the store was opened anew').to.include('open');
        const deleted = fate === 'written' ? 2 : 1;
        expect(types().filter((type) => type === 'WidgetDeleted')).to.have.lengthOf(deleted);
        expect(leader.records.map(({ event }) => event.seq)).to.deep.equal(types().map((_, seq) => seq));
      }
    });

    it('is refused in a log that was emptied, or that is another one from its last record on', async () => {
      const leader = await replica('a');
      await (await leader.lead()).end('stopped');
      const commits = storage.commits.splice(0);
      expect((await rejection(leader.lead())).code).to.equal('RYNXS_LOG_ROLLED_BACK');
      expect(storage.commits).to.be.empty;

      storage.commits.push(...commits);
      const again = await replica('b');
      storage = new MemoryStorage();
      storage.commits.push(...commits.slice(0, 1));
      await (await replica('c')).lead();
      const [, other] = storage.commits;
      if (other === undefined) throw new Error('no second commit');
      storage = again.storage;
      storage.commits.splice(1, 1, other);
      expect((await rejection(again.lead())).code).to.equal('RYNXS_LOG_ROLLED_BACK');
      expect(storage.commits).to.have.lengthOf(2);
    });
  });

  describe('a log that is lost', () => {
    const failFor = async (leader: Replica, term: WritingTerm, ms: number) => {
      for (let passed = 0; passed < ms; passed += 1_000) {
        const failure = await rejection(term.append([draft(1)]));
        expect(failure.code).to.equal('RYNXS_LOG_UNAVAILABLE');
        expect(term.signal.aborted, `after ${passed} ms`).to.equal(false);
        await clock.advance(1_000);
      }
      expect(leader.isAvailable).to.equal(false);
      expect(leader.problem).to.contain('made to be denied');
    };

    it('ends a term after 30 s where others may try, and can be led again when it is back', async () => {
      const leader = await replica('a');
      const term = await leader.lead();
      leader.store.writes = 'denied';
      await failFor(leader, term, 30_000);
      await rejection(term.append([draft(1)]));
      expect(term.signal.reason).to.have.property('code', 'RYNXS_LOG_UNAVAILABLE');
      leader.store.writes = undefined;
      await (await leader.lead({ holdOffMs: 0 })).append([draft(2)]);
      expect(types()).to.deep.equal(['EpochStarted', 'EpochStarted', 'WidgetDeleted']);
      expect(leader.isAvailable).to.equal(true);
    });

    it('ends no term where nobody else could lead', async () => {
      const leader = await replica('a', { hasRivals: false });
      const term = await leader.lead();
      leader.store.writes = 'denied';
      await failFor(leader, term, 120_000);
      leader.store.writes = undefined;
      await term.append([draft(2)]);
      expect(types()).to.deep.equal(['EpochStarted', 'WidgetDeleted']);
    });

    it('forgets a failure that a commit has followed', async () => {
      const leader = await replica('a');
      const term = await leader.lead();
      for (let round = 0; round < 3; round += 1) {
        leader.store.writes = 'denied';
        await failFor(leader, term, 25_000);
        leader.store.writes = undefined;
        await term.append([draft(round)]);
      }
      expect(term.signal.aborted).to.equal(false);
    });

    it('ends a term at once when its place is gone, as another one may come under its name', async () => {
      for (const hasRivals of [true, false]) {
        storage = new MemoryStorage();
        const leader = await replica('a', { hasRivals });
        const term = await leader.lead();
        leader.store.writes = 'missing';
        await rejection(term.append([draft(1)]));
        expect(term.signal.aborted).to.equal(true);
      }
    });

    it('is noticed by a leader that writes nothing, who gives way after 30 s', async () => {
      const leader = await replica('a');
      const term = await leader.lead();
      await leader.log.follow(signal);
      leader.store.calls.length = 0;
      await leader.log.follow(signal);
      expect(leader.store.calls, 'it has just written').to.be.empty;
      leader.store.reads = 'unavailable';
      await clock.advance(10_000);
      for (let passed = 0; passed < 30_000; passed += 2_000) {
        await rejection(leader.log.follow(signal));
        expect(term.signal.aborted, `after ${passed} ms`).to.equal(false);
        await clock.advance(2_000);
      }
      expect(leader.isAvailable).to.equal(false);
      await rejection(leader.log.follow(signal));
      expect(term.signal.aborted).to.equal(true);
    });

    it('is refused when what comes back is empty, by who leads and by who follows', async () => {
      const [leader, standby] = [await replica('a'), await replica('b')];
      const term = await leader.lead();
      await standby.log.follow(signal);
      await clock.advance(10_000);
      for (const { log, store } of [leader, standby]) {
        store.reads = 'missing';
        await rejection(log.follow(signal));
      }
      storage.commits.length = 0;
      for (const one of [leader, standby]) {
        const { log, store, telemetry } = one;
        store.reads = undefined;
        expect((await rejection(log.follow(signal))).code).to.equal('RYNXS_LOG_ROLLED_BACK');
        expect(log.failure?.code).to.equal('RYNXS_LOG_ROLLED_BACK');
        expect(one.problem).to.contain('is not what it was');
        expect(telemetry.value('rynxs_log_chain_broken')).to.equal(1);
      }
      expect(term.signal.reason).to.have.property('code', 'RYNXS_LOG_ROLLED_BACK');
      expect((await rejection(standby.lead())).code).to.equal('RYNXS_LOG_ROLLED_BACK');
    });

    it('does not keep a term that cannot begin for longer than 30 s', async () => {
      const leader = await replica('a');
      await (await leader.lead()).end('stopped');
      leader.store.listObjects = (_, at) =>
        new Promise((_, reject) => at.addEventListener('abort', () => reject(at.reason)));
      const failure = rejection(leader.lead());
      await clock.advance(29_999);
      expect(leader.isAvailable).to.equal(true);
      await clock.advance(1);
      expect((await failure).code).to.equal('RYNXS_LOG_UNAVAILABLE');
    });
  });

  describe('a clean end', () => {
    it('waits at most 5 s for its last event', async () => {
      const leader = await replica('a');
      const term = await leader.lead();
      leader.store.hangs = 'unwritten';
      const failure = rejection(term.end('stopped'));
      await clock.advance(4_999);
      expect(term.signal.aborted).to.equal(false);
      await clock.advance(1);
      expect((await failure).code).to.equal('RYNXS_LOG_UNAVAILABLE');
    });

    it('keeps nobody waiting for the last checkpoint for more than 500 ms', async () => {
      const anchor = new MemoryAnchor();
      const leader = await replica('a', { anchor });
      const term = await leader.lead();
      await settled();
      anchor.advance = (_, at) =>
        new Promise((__, reject) => at.addEventListener('abort', () => reject(at.reason)));
      let isOver = false;
      const ended = term.end('stopped').then(() => {
        isOver = true;
      });
      await clock.advance(499);
      expect(types().at(-1)).to.equal('EpochEnded');
      expect(isOver).to.equal(false);
      await clock.advance(1);
      await ended;
    });
  });
});
