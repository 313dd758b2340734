import type { Telemetry } from '../contracts/telemetry.js';

/** `new`: seen for the first time. `resync`: known already. */
export type Priority = 'new' | 'resync';

/** As controller-runtime's priority queue has them. */
const PRIORITY_LABELS: Readonly<Record<Priority, string>> = { new: '0', resync: '-100' };

const SECONDS_BUCKETS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 60, 600];

/** What a queue is doing when its metrics are read. */
export interface QueueReading {
  /** Keys that wait, by priority. */
  readonly waiting: Readonly<Record<Priority, number>>;
  /** The time in seconds that each key has been worked on so far. */
  readonly ages: readonly number[];
}

const IDLE: QueueReading = { waiting: { new: 0, resync: 0 }, ages: [] };

/**
 * The metrics of a queue, with the names and labels of controller-runtime (pkg/metrics/workqueue.go); the help texts and
 * buckets are ours.
 */
export class WorkQueueMetrics {
  readonly #labels: Readonly<Record<string, string>>;
  readonly #depthLabels: Readonly<Record<Priority, Readonly<Record<string, string>>>>;
  readonly #adds;
  readonly #retries;
  readonly #depth;
  readonly #queueSeconds;
  readonly #workSeconds;
  readonly #unfinishedSeconds;
  readonly #longestSeconds;
  readonly #reading: Disposable;

  /** Dispose when the queue is not used any more. */
  constructor(name: string, telemetry: Telemetry, read: () => QueueReading) {
    const own = { name, controller: name };
    this.#labels = own;
    this.#depthLabels = {
      new: { ...own, priority: PRIORITY_LABELS.new },
      resync: { ...own, priority: PRIORITY_LABELS.resync },
    };
    const options = (suffix: string, help: string) => ({
      name: `workqueue_${suffix}`,
      help,
      labels: ['name', 'controller'],
      initial: [own],
    });
    this.#adds = telemetry.counter(options('adds_total', 'Keys added to the queue'));
    this.#retries = telemetry.counter(options('retries_total', 'Keys put back with a delay after a failure'));
    this.#depth = telemetry.gauge({
      ...options('depth', 'Keys that wait, by priority: 0 for new objects, -100 for known ones'),
      labels: ['name', 'controller', 'priority'],
      initial: Object.values(this.#depthLabels),
    });
    this.#queueSeconds = telemetry.histogram({
      ...options('queue_duration_seconds', 'How long keys wait before they are worked on'),
      buckets: SECONDS_BUCKETS,
    });
    this.#workSeconds = telemetry.histogram({
      ...options('work_duration_seconds', 'How long keys are worked on'),
      buckets: SECONDS_BUCKETS,
    });
    this.#unfinishedSeconds = telemetry.gauge(
      options(
        'unfinished_work_seconds',
        'Time spent on keys that are being worked on, all together; grows when work is stuck',
      ),
    );
    this.#longestSeconds = telemetry.gauge(
      options('longest_running_processor_seconds', 'Time spent on the key that has been worked on longest'),
    );
    this.#reading = telemetry.beforeReading(() => this.#show(read()));
  }

  added(): void {
    this.#adds.add(this.#labels);
  }

  retried(): void {
    this.#retries.add(this.#labels);
  }

  taken(waitedSeconds: number): void {
    this.#queueSeconds.observe(waitedSeconds, this.#labels);
  }

  finished(workedSeconds: number): void {
    this.#workSeconds.observe(workedSeconds, this.#labels);
  }

  [Symbol.dispose](): void {
    this.#reading[Symbol.dispose]();
    this.#show(IDLE);
  }

  #show({ waiting, ages }: QueueReading): void {
    this.#depth.set(waiting.new, this.#depthLabels.new);
    this.#depth.set(waiting.resync, this.#depthLabels.resync);
    this.#unfinishedSeconds.set(
      ages.reduce((sum, age) => sum + age, 0),
      this.#labels,
    );
    this.#longestSeconds.set(Math.max(0, ...ages), this.#labels);
  }
}
