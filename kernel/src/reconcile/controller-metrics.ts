import type { Clock } from '../contracts/clock.js';
import type { Telemetry } from '../contracts/telemetry.js';

/** How a pass over an object ended: nothing left to do, to be done again after a while, or with an error. */
export type PassOutcome = 'success' | 'requeue_after' | 'error';

const OUTCOMES: readonly PassOutcome[] = ['success', 'requeue_after', 'error'];
const SECONDS_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 10, 30, 60];

/**
 * The metrics of a controller, with the names and labels of controller-runtime
 * (pkg/internal/controller/metrics/metrics.go); `rynxs_reconcile_duration_seconds` is its time under our own name.
 */
export class ControllerMetrics {
  readonly #clock: Clock;
  readonly #labels: { readonly controller: string };
  readonly #ownLabels: { readonly reconciler: string };
  readonly #results;
  readonly #errors;
  readonly #seconds;
  readonly #ownSeconds;
  readonly #active;
  #running = 0;

  constructor(controller: string, workers: number, clock: Clock, telemetry: Telemetry) {
    this.#clock = clock;
    this.#labels = { controller };
    this.#ownLabels = { reconciler: controller };
    const labels = ['controller'];
    const initial = [this.#labels];
    this.#results = telemetry.counter({
      name: 'controller_runtime_reconcile_total',
      help: 'Passes over objects, by result',
      labels: ['controller', 'result'],
      initial: OUTCOMES.map((result) => ({ controller, result })),
    });
    this.#errors = telemetry.counter({
      name: 'controller_runtime_reconcile_errors_total',
      help: 'Passes over objects that ended with an error',
      labels,
      initial,
    });
    this.#seconds = telemetry.histogram({
      name: 'controller_runtime_reconcile_time_seconds',
      help: 'Time for one pass over one object',
      labels,
      initial,
      buckets: SECONDS_BUCKETS,
    });
    this.#ownSeconds = telemetry.histogram({
      name: 'rynxs_reconcile_duration_seconds',
      help: 'Time for one pass over one object',
      labels: ['reconciler'],
      initial: [this.#ownLabels],
      buckets: SECONDS_BUCKETS,
    });
    this.#active = telemetry.gauge({
      name: 'controller_runtime_active_workers',
      help: 'Objects that are being worked on',
      labels,
      initial,
    });
    const most = telemetry.gauge({
      name: 'controller_runtime_max_concurrent_reconciles',
      help: 'Objects that may be worked on at the same time',
      labels,
      initial,
    });
    most.set(workers, this.#labels);
  }

  /** A pass begins. Call what is returned with its outcome when it ends; undefined when its term ended first. */
  begin(): (outcome: PassOutcome | undefined) => void {
    const startedMs = this.#clock.monotonic();
    this.#setRunning(this.#running + 1);
    return (outcome) => {
      this.#setRunning(this.#running - 1);
      const seconds = (this.#clock.monotonic() - startedMs) / 1000;
      this.#seconds.observe(seconds, this.#labels);
      this.#ownSeconds.observe(seconds, this.#ownLabels);
      if (outcome !== undefined) this.#results.add({ ...this.#labels, result: outcome });
      if (outcome === 'error') this.#errors.add(this.#labels);
    };
  }

  #setRunning(count: number): void {
    this.#running = count;
    this.#active.set(count, this.#labels);
  }
}
