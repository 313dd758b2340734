import { EventLog, NoTelemetry } from '@rynxs/kernel';
import { lastingTenure, seededRandom } from '@rynxs/kernel/testing';
import { expect } from 'chai';
import { FORGETS_THE_UNSETTLED } from './defects.js';
import type { Fate } from './exchange.js';
import type { SimulatedProcess } from './simulated-process.js';
import type { StorageRequest } from './simulated-storage.js';
import { KEYS } from './trust.js';
import { type Defect, World } from './world.js';

/** A fault befalls each request where it is thorough, and every third one, others in each run, every day. */
const STEP = process.env.RYNXS_TEST_THOROUGH === '1' ? 1 : 3;
const SEED = Number(process.env.RYNXS_TEST_SEED ?? Math.floor(Math.random() * 2 ** 31));
const OWNER = { clusterUid: 'cluster-1', shard: 'default' };
const { signal } = new AbortController();
const SERVED: Fate = { deliveries: [{ afterMs: 2, server: 'serves', answerMs: 2 }] };
const LOST: Fate = { deliveries: [] };
const UNANSWERED: Fate = { deliveries: [{ afterMs: 2, server: 'serves', answerMs: undefined }] };

/** What happens to one request, and whether its process dies of it. */
interface Fault {
  readonly fate: Fate;
  readonly kills?: boolean;
  /** For so long all later requests of the process share the fate. */
  readonly lastsMs?: number;
}

const FAULTS: Readonly<Record<string, Fault>> = {
  'is lost': { fate: LOST },
  'is carried out, and the answer lost': { fate: UNANSWERED },
  'arrives after its process has given up on it': {
    fate: { deliveries: [{ afterMs: 20_000, server: 'serves', answerMs: 2 }] },
  },
  'arrives twice': {
    fate: { deliveries: [2, 1].map((afterMs) => ({ afterMs, server: 'serves' as const, answerMs: 3 })) },
  },
  'arrives again much later': {
    fate: { deliveries: [2, 40_000].map((afterMs) => ({ afterMs, server: 'serves' as const, answerMs: 2 })) },
  },
  'loses its connection before it arrives': { fate: { ...SERVED, resetMs: 1 } },
  'is answered with 500 and not carried out': {
    fate: { deliveries: [{ afterMs: 2, server: 'fails', answerMs: 2 }] },
  },
  'is answered with 500 and carried out': {
    fate: { deliveries: [{ afterMs: 2, server: 'serves_and_fails', answerMs: 2 }] },
  },
  'is answered with 503': { fate: { refusedAs: 'throttled', deliveries: [] } },
  'is answered with 409': { fate: { refusedAs: 'in_progress', deliveries: [] } },
  'finds no server': { fate: { refusedAs: 'unavailable', deliveries: [] } },
  'is the last thing that its process does, and is lost': { fate: LOST, kills: true },
  'is the last thing that its process does': { fate: UNANSWERED, kills: true },
  'is the first that is lost in 40 s': { fate: LOST, lastsMs: 40_000 },
  'is the first that gets no answer in 40 s': { fate: UNANSWERED, lastsMs: 40_000 },
};

/** Faults by the number of the request that they befall; requests count from 0 in the order in which they are sent. */
type Plan = ReadonlyMap<number, Fault>;

describe(`the log in a bucket (seed ${SEED})`, () => {
  for (const [name, fault] of Object.entries(FAULTS)) {
    it(`keeps every promise whichever request ${name}`, async function () {
      this.timeout(60_000);
      const requests = await targets();
      for (let at = SEED % STEP; at < requests.length; at += STEP)
        await rehearse(new Map([[requests[at]!, fault]]));
    });
  }

  it('keeps every promise whichever two requests fail, and however', async function () {
    this.timeout(120_000);
    const requests = await targets();
    const random = seededRandom(SEED);
    const kinds = Object.values(FAULTS);
    const any = (): Fault => kinds[Math.floor(random.next() * kinds.length)]!;
    for (let run = 0; run < 100; run += 1) {
      const anyRequest = (): number => requests[Math.floor(random.next() * requests.length)]!;
      await rehearse(
        new Map([
          [anyRequest(), any()],
          [anyRequest(), any()],
        ]),
      );
    }
  });

  it('would not, if other bytes were sent for a commit that was never settled', async function () {
    this.timeout(60_000);
    for (const at of await targets()) {
      const plan = new Map([[at, FAULTS['is the first that gets no answer in 40 s']!]]);
      const failure = await rehearse(plan, FORGETS_THE_UNSETTLED).catch((error: unknown) => error);
      if (String(failure).includes('was refused')) return;
    }
    expect.fail('whichever request it was, no promise was broken');
  });
});

/** The requests that faults are tried on: all of them, but of those that race for one key in a probe only two. */
async function targets(): Promise<readonly number[]> {
  const requests = await rehearse();
  const racing = requests.filter(({ kind, key }) => kind === 'put' && key.includes('/probe-'));
  expect(racing).to.have.lengthOf(32);
  const left = requests.filter((request) => !racing.slice(2).includes(request));
  expect(left.length).to.be.greaterThan(40);
  return left.map(({ index }) => index);
}

/**
 * Two processes use a log, one after the other, and a third one reads it; what happens to requests is planned. Throws for
 * the first promise that is broken; returns the requests that a plan can be made for.
 */
async function rehearse(plan: Plan = new Map(), defect?: Defect): Promise<readonly StorageRequest[]> {
  const troubles = new Troubles(plan);
  const world = new World(seededRandom(7), (request) => troubles.fateOf(request, world.scheduler.now), {
    defect,
  });
  for (const name of ['first', 'second', 'third']) {
    const process = world.process(name);
    troubles.process = process;
    // Only the first two have bad luck: the third one must get everything done.
    if (name === 'third') troubles.end();
    world.own(process, new Life(process, world).run());
    await world.untilAllHaveEnded();
    expect(world.oracle.violation).to.equal(undefined);
  }
  expect(world.oracle.acknowledged).to.be.at.least(EVENTS);
  // Whatever is still on its way arrives, and changes nothing.
  await world.advance(60_000);
  await world.audit();
  return troubles.requests;
}

class Troubles {
  process: SimulatedProcess | undefined;
  /** Those that faults can be planned for. */
  readonly requests: StorageRequest[] = [];
  readonly #plan: Plan;
  #lasting: { readonly fate: Fate; readonly untilMs: number } | undefined;
  #hasEnded = false;

  constructor(plan: Plan) {
    this.#plan = plan;
  }

  end(): void {
    this.#hasEnded = true;
  }

  fateOf(request: StorageRequest, nowMs: number): Fate {
    if (this.#hasEnded) return SERVED;
    this.requests.push(request);
    const fault = this.#plan.get(request.index);
    if (fault?.lastsMs !== undefined) this.#lasting = { fate: fault.fate, untilMs: nowMs + fault.lastsMs };
    if (fault?.kills === true) this.process?.kill();
    if (fault !== undefined) return fault.fate;
    return this.#lasting !== undefined && nowMs < this.#lasting.untilMs ? this.#lasting.fate : SERVED;
  }
}

/** Events that a process appends when nothing goes wrong. */
const EVENTS = 4;

/** What one process does: a term with appends of several sizes. Trouble ends it. */
class Life {
  readonly #process: SimulatedProcess;
  readonly #world: World;
  #uids = 0;

  constructor(process: SimulatedProcess, world: World) {
    this.#process = process;
    this.#world = world;
  }

  async run(): Promise<void> {
    try {
      await this.#useLog();
    } catch (error) {
      const code = (error as { readonly code?: unknown }).code;
      if (code !== 'RYNXS_LOG_UNAVAILABLE') throw error;
      expect(this.#process.name, String(error)).not.to.equal('third');
    }
  }

  async #useLog(): Promise<void> {
    const { oracle } = this.#world;
    const { name, clock } = this.#process;
    const log = await EventLog.open(
      {
        store: this.#world.openStore(this.#process),
        clock,
        random: this.#world.stream(),
        telemetry: new NoTelemetry(),
        keys: KEYS,
        anchor: this.#world.anchor(this.#process),
        hasRivals: true,
        onRecord: ({ event, hash }) => oracle.saw(name, event.seq, hash),
      },
      signal,
    );
    try {
      await this.#serve(log);
    } finally {
      await log.close();
    }
  }

  async #serve(log: EventLog): Promise<void> {
    const tenure = lastingTenure({ holder: this.#process.name });
    const term = await log.startTerm(tenure, OWNER, signal);
    this.#world.oracle.began(term.epoch, term.holder);
    for (const count of [1, EVENTS - 1]) await this.#append(term, count);
    await term.end('stopped');
  }

  async #append(term: Awaited<ReturnType<EventLog['startTerm']>>, count: number): Promise<void> {
    const { oracle } = this.#world;
    const uids = Array.from({ length: count }, () => `${this.#process.name}-${this.#uids++}`);
    const drafts = uids.map((uid) => ({
      type: 'WidgetDeleted',
      aggregateId: 'widgets/default/w',
      payload: { v: 1 as const, uid, found: 'watching' as const },
      traceId: 'trace',
    }));
    let records: Awaited<ReturnType<typeof term.append>>;
    try {
      records = await term.append(drafts);
    } catch (error) {
      // The writer goes on: nothing was written.
      if (!term.signal.aborted) oracle.refuse(uids, String(error));
      throw error;
    }
    oracle.acknowledge({ uids, epoch: term.epoch, records });
  }
}
