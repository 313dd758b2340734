import { hostname } from 'node:os';
import { SystemClock } from '../clock/system-clock.js';
import { CLOCK, type Clock } from '../contracts/clock.js';
import type { Leadership, Tenure } from '../contracts/leadership.js';
import { RANDOM, type Random } from '../contracts/random.js';
import { rynxsError } from '../errors/rynxs-error.js';
import { pause, untilAborted } from './waiting.js';

/** Nobody waits for the tenure to end: as long as the cluster's requests may take anyway. */
const WRITE_TIMEOUT_MS = 10_000;
/** Between a tenure that was released and the next, from this to twice as long. */
const COOLDOWN_MS = 1_000;

/**
 * Leadership of a process that has no rivals: a tenure lasts until it is released, and another one follows. Nothing outside
 * ends it; that no second process writes is ensured by the log's fence alone.
 */
export class StandaloneLeadership implements Leadership {
  static readonly inject = [RANDOM, CLOCK] as const;
  readonly #random: Random;
  readonly #clock: Clock;

  constructor(random: Random, clock: Clock = new SystemClock()) {
    this.#random = random;
    this.#clock = clock;
  }

  async *campaign(signal: AbortSignal): AsyncIterable<Tenure> {
    const holder = `${hostname()}_${this.#random.uuid()}`;
    while (!signal.aborted) {
      const tenure = standaloneTenure(holder);
      yield tenure;
      await untilAborted(tenure.signal, signal);
      await pause(this.#clock, COOLDOWN_MS * (1 + this.#random.next()), signal);
    }
  }
}

function standaloneTenure(holder: string): Tenure {
  const ended = new AbortController();
  return {
    holder,
    signal: ended.signal,
    handover: new AbortController().signal,
    writeTimeoutMs: WRITE_TIMEOUT_MS,
    holdOffMs: 0,
    announce: () => undefined,
    assert: () => ended.signal.throwIfAborted(),
    release: async () => ended.abort(rynxsError('RYNXS_LEADERSHIP_LOST', { detail: 'it was released' })),
  };
}
