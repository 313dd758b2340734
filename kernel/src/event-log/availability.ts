import type { Clock } from '../contracts/clock.js';
import type { Logger } from '../contracts/logger.js';
import type { RynxsError } from '../errors/rynxs-error.js';
import type { EventLogMetrics } from './metrics.js';

/** What is tried with the store: to write the next commit, or to see what is there. */
export type StoreUse = 'write' | 'read';

/** Knows whether the store can be used, and says so where people look: in the metrics, and once in the log lines. */
export class LogAvailability {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #metrics: EventLogMetrics;
  readonly #problems = new Map<StoreUse, { readonly since: number; readonly failure: RynxsError }>();
  /** Since when anything failed (monotonic); undefined while nothing does. */
  #since: number | undefined;

  constructor(clock: Clock, logger: Logger, metrics: EventLogMetrics) {
    this.#clock = clock;
    this.#logger = logger;
    this.#metrics = metrics;
    metrics.available(true);
  }

  /** Why the store cannot be used now, in one line; undefined when it can. */
  get problem(): string | undefined {
    const [first] = this.#problems.values();
    return first?.failure.message;
  }

  failed(use: StoreUse, failure: RynxsError): void {
    const since = this.#problems.get(use)?.since ?? this.#clock.monotonic();
    this.#problems.set(use, { since, failure });
    if (this.#since !== undefined) return;
    this.#since = since;
    this.#metrics.available(false);
    this.#logger.error('the event log cannot be used: nothing is done until it can', { use, error: failure });
  }

  /** What was written can be read as well. */
  succeeded(use: StoreUse): void {
    this.#problems.delete(use);
    if (use === 'write') this.#problems.delete('read');
    this.#settle();
  }

  /** Nobody writes any more: that it could not be written is no problem of who only reads. */
  stoppedWriting(): void {
    this.#problems.delete('write');
    this.#settle();
  }

  isFailing(use: StoreUse): boolean {
    return this.#problems.has(use);
  }

  /** How long the use has failed, in milliseconds; 0 when it does not. */
  failingForMs(use: StoreUse): number {
    const problem = this.#problems.get(use);
    return problem === undefined ? 0 : this.#clock.monotonic() - problem.since;
  }

  #settle(): void {
    if (this.#since === undefined || this.#problems.size > 0) return;
    const lastedMs = Math.round(this.#clock.monotonic() - this.#since);
    this.#since = undefined;
    this.#metrics.available(true);
    this.#logger.info('the event log can be used again', { lasted_ms: lastedMs });
  }
}
