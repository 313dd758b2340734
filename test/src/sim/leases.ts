import { type Random, rynxsError, type Tenure } from '@rynxs/kernel';
import type { Scheduler } from './scheduler.js';
import type { SimulatedProcess } from './simulated-process.js';

interface Candidate {
  readonly process: SimulatedProcess;
  readonly take: (tenure: Tenure | undefined) => void;
}

interface Live {
  readonly process: SimulatedProcess;
  end(why: string): void;
}

const CALM_TENURE_MS = 600_000;

/**
 * Leadership as bad as it may get: it is granted to several at once, its loss is learnt late or, by a process that is paused,
 * not at all. Once calm it has one holder at a time. The log must not need it.
 */
export class Leases {
  readonly #scheduler: Scheduler;
  readonly #random: Random;
  /** How likely leadership is granted although somebody has it. */
  readonly #overlap: number;
  readonly #live = new Set<Live>();
  #candidates: Candidate[] = [];
  #granted = 0;
  #isCalm = false;
  #isClosed = false;

  constructor(scheduler: Scheduler, random: Random) {
    this.#scheduler = scheduler;
    this.#random = random;
    this.#overlap = random.next() < 0.3 ? 0 : random.next();
    this.#grantLater();
  }

  /** Waits for leadership; undefined when there will be none any more. */
  next(process: SimulatedProcess): Promise<Tenure | undefined> {
    if (this.#isClosed) return Promise.resolve(undefined);
    return new Promise((take) => this.#candidates.push({ process, take }));
  }

  /** From now on one holds it at a time; who held it until now has lost it. */
  calm(): void {
    this.#isCalm = true;
    for (const live of [...this.#live]) live.end('the lease was lost');
  }

  /** Takes leadership from everybody, and lets nobody wait for it any more. */
  close(): void {
    this.#isClosed = true;
    this.calm();
    for (const { process, take } of this.#candidates.splice(0)) process.deliver(() => take(undefined));
  }

  #grantLater(): void {
    const pauseMs = this.#isCalm ? 100 : 50 + this.#random.next() * 4_000;
    this.#scheduler.schedule(pauseMs, () => {
      if (this.#isClosed) return;
      this.#grant();
      this.#grantLater();
    });
  }

  #grant(): void {
    const random = this.#random;
    for (const live of this.#live) if (live.process.isDead) this.#live.delete(live);
    this.#candidates = this.#candidates.filter(({ process }) => !process.isDead);
    const mayOverlap = !this.#isCalm && random.next() < this.#overlap;
    if (this.#candidates.length === 0 || (this.#live.size > 0 && !mayOverlap)) return;
    const index = Math.floor(random.next() * this.#candidates.length);
    const [candidate] = this.#candidates.splice(index, 1);
    if (candidate === undefined) return;
    const { process, take } = candidate;
    const tenure = this.#tenure(process);
    process.deliver(() => take(tenure));
  }

  #tenure(process: SimulatedProcess): Tenure {
    const random = this.#random;
    const holder = `${process.name}/${this.#granted++}`;
    const lost = new AbortController();
    const lateMs = this.#isCalm ? 0 : random.next() ** 3 * 10_000;
    const live: Live = {
      process,
      end: (why) => {
        this.#live.delete(live);
        expiry[Symbol.dispose]();
        const tell = (): void => lost.abort(rynxsError('RYNXS_LEADERSHIP_LOST', { detail: why }));
        this.#scheduler.schedule(lateMs, () => process.deliver(tell));
      },
    };
    const lengthMs = this.#isCalm ? CALM_TENURE_MS : 200 + random.next() ** 2 * 30_000;
    const expiry = this.#scheduler.schedule(lengthMs, () => live.end('the lease has expired'));
    this.#live.add(live);
    return {
      holder,
      signal: lost.signal,
      handover: new AbortController().signal,
      writeTimeoutMs: 10_000,
      holdOffMs: 0,
      announce: () => undefined,
      assert: () => lost.signal.throwIfAborted(),
      release: async () => live.end('it was released'),
    };
  }
}
