import {
  type Clock,
  type Cluster,
  type Leadership,
  type Logger,
  type Random,
  type Telemetry,
  type Tenure,
  untilAborted,
} from '@rynxs/kernel';
import { Alarm } from './alarm.js';
import { Candidate } from './candidate.js';
import { ElectionFailures } from './election-failures.js';
import { readLease } from './lease-record.js';
import { LeaseRequests } from './lease-requests.js';
import { LeaseTenure } from './lease-tenure.js';
import { type LeaseKey, LeaseView } from './lease-view.js';
import type { LeaseTimings } from './timings.js';

export interface ElectorParts {
  readonly cluster: Cluster;
  readonly clock: Clock;
  readonly random: Random;
  readonly telemetry: Telemetry;
  readonly logger: Logger;
  readonly timings: LeaseTimings;
  readonly key: LeaseKey;
  /** What the identity begins with; what makes it unique is added. */
  readonly podName: string;
}

/**
 * Leadership by a Lease of coordination.k8s.io: the recipe of client-go's leaderelection, with deadlines that count from
 * before sending, on monotonic clocks only.
 */
export class LeaseElector implements Leadership {
  readonly #parts: ElectorParts;
  readonly #failures: ElectionFailures;

  constructor(parts: ElectorParts) {
    this.#parts = parts;
    this.#failures = new ElectionFailures(parts);
  }

  async *campaign(signal: AbortSignal): AsyncIterable<Tenure> {
    if (signal.aborted) return;
    const { cluster, clock, random, key, podName, logger } = this.#parts;
    const holder = `${podName}_${random.uuid()}`;
    using view = new LeaseView(cluster, clock, key);
    const requests = new LeaseRequests(this.#parts);
    const parts = { ...this.#parts, holder, view, requests, failures: this.#failures };
    const candidate = new Candidate(parts);
    logger.info('campaigning for leadership', { lease: `${key.namespace}/${key.name}`, holder });
    for (;;) {
      const won = await candidate.win(signal);
      if (won === undefined) return;
      logger.info('the Lease was acquired', { holder, holdOffMs: won.holdOffMs });
      const tenure = new LeaseTenure(parts, won);
      const cooledDown = this.#coolingDown(tenure.signal);
      try {
        yield tenure;
        await untilAborted(tenure.signal, signal);
      } finally {
        await tenure.release();
      }
      if (tenure.handover.aborted) await this.#standBack(view, holder, signal);
      await cooledDown(signal);
    }
  }

  /** What waits for a while after a tenure has ended, so that others come first. */
  #coolingDown(ended: AbortSignal): (signal: AbortSignal) => Promise<void> {
    const { clock, random, timings } = this.#parts;
    const cooldownMs = Math.max(timings.retryPeriodMs, timings.requestTimeoutMs) * (1 + random.next());
    let untilMs = Number.POSITIVE_INFINITY;
    const onEnd = () => {
      untilMs = clock.monotonic() + cooldownMs;
    };
    ended.addEventListener('abort', onEnd, { once: true });
    return (signal) => new Alarm(clock).pause(untilMs - clock.monotonic(), signal);
  }

  /** Leaves the Lease alone until somebody else has it, or nobody has taken it for its duration. */
  async #standBack(view: LeaseView, holder: string, signal: AbortSignal): Promise<void> {
    const { clock, timings } = this.#parts;
    const alarm = new Alarm(clock);
    using _ = view.onNews(() => alarm.ring());
    const untilMs = clock.monotonic() + timings.leaseDurationMs;
    const isTaken = () => {
      const other = view.lease ? readLease(view.lease).holder : '';
      return other !== '' && other !== holder;
    };
    while (!signal.aborted && !isTaken() && clock.monotonic() < untilMs) {
      await alarm.pause(untilMs - clock.monotonic(), signal);
    }
  }
}
