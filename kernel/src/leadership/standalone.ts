import { hostname } from 'node:os';
import type { Leadership, Tenure } from '../contracts/leadership.js';
import { RANDOM, type Random } from '../contracts/random.js';
import { rynxsError } from '../errors/rynxs-error.js';

/** Nobody waits for the tenure to end: as long as the cluster's requests may take anyway. */
const WRITE_TIMEOUT_MS = 10_000;

/**
 * Leadership of a process that has no rivals: one tenure, which lasts until it is released. Nothing outside ends it;
 * that no second process writes is ensured by the log's fence alone.
 */
export class StandaloneLeadership implements Leadership {
  static readonly inject = [RANDOM] as const;
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  async *campaign(signal: AbortSignal): AsyncIterable<Tenure> {
    if (signal.aborted) return;
    const ended = new AbortController();
    yield {
      holder: `${hostname()}_${this.#random.uuid()}`,
      signal: ended.signal,
      writeTimeoutMs: WRITE_TIMEOUT_MS,
      holdOffMs: 0,
      announce: () => undefined,
      assert: () => {
        if (ended.signal.aborted) throw rynxsError('RYNXS_LEADERSHIP_LOST', { detail: 'it was released' });
      },
      release: async () => ended.abort(rynxsError('RYNXS_LEADERSHIP_LOST', { detail: 'it was released' })),
    };
  }
}
