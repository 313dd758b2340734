import { Failure } from './errors.mjs';
import { histogramQuantile } from './prometheus-text.mjs';

const APPEND = 'rynxs_event_append_duration_seconds';
const EVENTS = 'rynxs_events_total';
const DEPTH = 'workqueue_depth';

/** What the leader's metrics say between two readings. Ends with a Failure when another pod leads, whose counters are others. */
export class Gauges {
  #operator;
  #pod;
  #first;
  #last;
  #mostDepth = 0;

  constructor(operator, pod, reading) {
    this.#operator = operator;
    this.#pod = pod;
    this.#first = reading;
    this.#last = reading;
  }

  /** @param {import('./operator.mjs').Operator} operator */
  static async start(operator) {
    const pod = await operator.leader();
    if (pod === undefined) throw new Failure('nobody leads');
    return new Gauges(operator, pod, await readingOf(operator, pod));
  }

  /** What happened since the reading before this one. */
  async read() {
    const before = this.#last;
    this.#last = await readingOf(this.#operator, this.#pod);
    return this.#between(before, this.#last);
  }

  /** What happened since the first reading. */
  async sinceStart() {
    this.#last = await readingOf(this.#operator, this.#pod);
    return this.#between(this.#first, this.#last);
  }

  #between(before, after) {
    const seconds = (after.at - before.at) / 1000;
    const events = after.samples.sum(EVENTS) - before.samples.sum(EVENTS);
    const depth = after.samples.sum(DEPTH);
    this.#mostDepth = Math.max(this.#mostDepth, depth);
    const quantile = (q) =>
      histogramQuantile(q, before.samples.buckets(APPEND), after.samples.buckets(APPEND));
    return {
      events,
      eventsPerSecond: events / seconds,
      appendP50: quantile(0.5),
      appendP99: quantile(0.99),
      depth,
      mostDepth: this.#mostDepth,
    };
  }
}

async function readingOf(operator, pod) {
  const samples = await operator.metrics(pod);
  if (samples === undefined)
    throw new Failure(
      `${pod} serves no metrics any more: it ended, or something keeps the API server from it`,
    );
  return { at: performance.now(), samples };
}

/** Milliseconds for people, of seconds; a histogram that observed nothing has none. */
export function formatMs(seconds) {
  return seconds === undefined ? '-' : `${(seconds * 1000).toFixed(1)} ms`;
}
