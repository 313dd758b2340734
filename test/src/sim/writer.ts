import {
  type EventDraft,
  EventLog,
  hasCode,
  NoTelemetry,
  type Random,
  type Tenure,
  type WritingTerm,
} from '@rynxs/kernel';
import type { LogRecord } from '@rynxs/log';
import type { Leases } from './leases.js';
import type { SimulatedProcess } from './simulated-process.js';
import { KEYS } from './trust.js';
import type { World } from './world.js';

const OWNER = { clusterUid: 'cluster-1', shard: 'default' };
const { signal: NEVER } = new AbortController();

/** What an event log may say of trouble that it has come through, or has given up on. */
const EXPECTED = ['RYNXS_LOG_FENCED', 'RYNXS_LOG_UNAVAILABLE', 'RYNXS_LEADERSHIP_LOST'] as const;

/**
 * An operator, as far as the log knows one: opens it, campaigns, appends in term after term. Its processes crash, pause
 * and are started again; some of them go on writing when they know that they no longer lead.
 */
export class Writer {
  readonly #name: string;
  readonly #world: World;
  readonly #leases: Leases;
  #process: SimulatedProcess;
  #starts = 0;

  constructor(name: string, world: World, leases: Leases) {
    this.#name = name;
    this.#world = world;
    this.#leases = leases;
    this.#process = this.#boot();
  }

  get process(): SimulatedProcess {
    return this.#process;
  }

  /** Ends the process without warning; another one takes its place. */
  crash(restartMs: number): void {
    if (this.#process.isDead) return;
    this.#world.trace(`${this.#process.name} crashes`);
    this.#process.kill();
    this.#world.scheduler.schedule(restartMs, () => {
      if (!this.#world.isClosing) this.#process = this.#boot();
    });
  }

  #boot(): SimulatedProcess {
    const process = this.#world.process(`${this.#name}.${this.#starts++}`);
    const random = this.#world.stream();
    if (random.next() < 0.3) process.skew((random.next() - 0.5) * 600_000);
    this.#world.own(process, new WriterLife(process, random, this.#world, this.#leases).run());
    return process;
  }
}

/** What happens in one process. */
class WriterLife {
  readonly #process: SimulatedProcess;
  readonly #random: Random;
  readonly #world: World;
  readonly #leases: Leases;
  #uids = 0;

  constructor(process: SimulatedProcess, random: Random, world: World, leases: Leases) {
    this.#leases = leases;
    this.#process = process;
    this.#random = random;
    this.#world = world;
  }

  async run(): Promise<void> {
    while (!this.#world.isClosing) {
      try {
        await this.#useLog();
      } catch (error) {
        this.#mustBeExpected(error);
      }
      await this.#pause(3_000);
    }
  }

  async #useLog(): Promise<void> {
    const log = await this.#open();
    try {
      for (;;) {
        const tenure = await this.#leases.next(this.#process);
        if (tenure === undefined) return;
        await this.#serve(log, tenure);
        if (this.#random.next() < 0.5) return;
      }
    } finally {
      await log.close();
    }
  }

  async #open(): Promise<EventLog> {
    const { oracle } = this.#world;
    const { name, clock } = this.#process;
    const sizeBefore = oracle.size;
    let expected = 0;
    const log = await EventLog.open(
      {
        store: this.#world.openStore(this.#process),
        clock,
        random: this.#random,
        telemetry: new NoTelemetry(),
        keys: KEYS,
        anchor: this.#world.anchor(this.#process),
        hasRivals: true,
        onRecord: ({ event, hash }) => {
          if (event.seq !== expected) oracle.accuse(`${name} got seq ${event.seq} instead of ${expected}`);
          expected += 1;
          oracle.saw(name, event.seq, hash);
        },
      },
      NEVER,
    );
    oracle.readToEnd(name, log.head().nextSeq, sizeBefore);
    this.#world.trace(`${name} has opened the log at ${log.head().nextSeq}`);
    return log;
  }

  /** One tenure. What ends it early is thrown, unless the same log can be gone on with. */
  async #serve(log: EventLog, tenure: Tenure): Promise<void> {
    const { name, clock } = this.#process;
    const random = this.#random;
    try {
      // Some never learn that they have lost the lease, and write for as long as the log lets them.
      const isTold = random.next() < 0.4;
      const deaf = { ...tenure, signal: NEVER, assert: () => undefined };
      const term = await log.startTerm(isTold ? tenure : deaf, OWNER, NEVER);
      this.#world.trace(`${name} leads epoch ${term.epoch} as ${term.holder}`);
      this.#world.oracle.began(term.epoch, tenure.holder);
      const until = clock.monotonic() + random.next() * 40_000;
      const goesOn = (): boolean =>
        !this.#world.isClosing && clock.monotonic() < until && !term.signal.aborted;
      const appenders = 1 + Math.floor(random.next() * 4);
      await Promise.all(Array.from({ length: appenders }, () => this.#append(term, goesOn)));
      if (!term.signal.aborted && random.next() < 0.5) await term.end('stopped');
    } catch (error) {
      // Fenced, the log may be gone on with in a later tenure; otherwise it has to be opened anew.
      if (!hasCode(error, 'RYNXS_LOG_FENCED')) throw error;
      this.#world.trace(`${name} was fenced`);
    } finally {
      await tenure.release();
    }
  }

  async #append(term: WritingTerm, goesOn: () => boolean): Promise<void> {
    while (goesOn()) {
      await this.#pause(1_500);
      const count = this.#random.next() < 0.05 ? 40 : 1 + Math.floor(this.#random.next() * 3);
      const drafts = Array.from({ length: count }, () => this.#draft());
      const uids = drafts.map(({ payload }) => String('uid' in payload ? payload.uid : ''));
      let records: readonly LogRecord[];
      try {
        records = await term.append(drafts);
      } catch (error) {
        if (!this.#refused(term, uids, error)) throw error;
        continue;
      }
      this.#world.oracle.acknowledge({ uids, epoch: term.epoch, records });
    }
  }

  /** Takes note of events that were refused; returns whether the writer goes on. */
  #refused({ signal }: WritingTerm, uids: readonly string[], error: unknown): boolean {
    this.#world.trace(`${this.#process.name} could not append ${uids.length} events: ${String(error)}`);
    // A writer that goes on has said that nothing was written; one that was fenced knows that another's stands there.
    const isAlive = !signal.aborted && hasCode(error, 'RYNXS_LOG_UNAVAILABLE');
    if (isAlive || hasCode(error, 'RYNXS_LOG_FENCED')) this.#world.oracle.refuse(uids, String(error));
    return isAlive;
  }

  #draft(): EventDraft {
    const size = this.#random.next() < 0.02 ? 20_000 : 0;
    const uid = `${this.#process.name}-${this.#uids++}${'.'.repeat(size)}`;
    return {
      type: 'WidgetDeleted',
      aggregateId: 'widgets/default/w',
      payload: { v: 1, uid, found: 'watching' },
      traceId: 'trace',
    };
  }

  #pause(mostMs: number): Promise<void> {
    return this.#process.clock.sleep(this.#random.next() * mostMs);
  }

  #mustBeExpected(error: unknown): void {
    if (!EXPECTED.some((code) => hasCode(error, code))) throw error;
    this.#world.trace(`${this.#process.name} goes on after: ${String(error)}`);
  }
}
