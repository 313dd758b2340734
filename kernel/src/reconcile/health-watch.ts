import type { Clock } from '../contracts/clock.js';
import type { ObjectHealth, ObjectMetrics } from './object-metrics.js';
import type { Aggregate } from './projection.js';

const STABLE_MS = 30_000;

/**
 * Keeps flapping out of the log: a state of health is recorded once it has lasted (30 s, unless the reconciler says
 * otherwise) and differs from what was recorded last; that what was recorded is suspended, at once. The status shows
 * every change at once, and so do the metrics.
 */
export class HealthWatch {
  readonly #clock: Clock;
  readonly #metrics: ObjectMetrics;
  readonly #since = new Map<string, { readonly health: ObjectHealth; readonly since: number }>();

  constructor(clock: Clock, metrics: ObjectMetrics) {
    this.#clock = clock;
    this.#metrics = metrics;
  }

  /** Milliseconds until the state should be recorded, 0 for now; undefined when there is nothing to record. */
  observe(
    aggregateId: string,
    health: ObjectHealth,
    recorded: Aggregate['health'],
    stableMs = STABLE_MS,
  ): number | undefined {
    const now = this.#clock.monotonic();
    const last = this.#since.get(aggregateId);
    const since = last?.health === health ? last.since : now;
    this.#metrics.moved(last?.health, health);
    this.#since.set(aggregateId, { health, since });
    if (health === recorded || health === 'progressing' || health === 'none') return undefined;
    if (health === 'suspended') return recorded === undefined ? undefined : 0;
    return Math.max(0, since + stableMs - now);
  }

  forget(aggregateId: string): void {
    this.#metrics.moved(this.#since.get(aggregateId)?.health, undefined);
    this.#since.delete(aggregateId);
  }
}
