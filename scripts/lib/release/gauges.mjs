import { Failure } from './errors.mjs';
import { histogramQuantile } from './prometheus-text.mjs';

const APPEND = 'rynxs_event_append_duration_seconds';
const EVENTS = 'rynxs_events_total';
const DEPTH = 'workqueue_depth';

/**
 * One reading of the metrics of all the operator's pods, of which one leads and works at a time.
 *
 * @typedef {{ at: number, pods: ReadonlyMap<string, import('./prometheus-text.mjs').Samples> }} Reading
 */

/** What the operator's metrics say between two readings. */
export class Gauges {
  #operator;
  #first;
  #last;
  #mostDepth = 0;

  constructor(operator, reading) {
    this.#operator = operator;
    this.#first = reading;
    this.#last = reading;
  }

  /** @param {import('./operator.mjs').Operator} operator */
  static async start(operator) {
    return new Gauges(operator, await readingOf(operator));
  }

  /** What happened since the reading before this one. */
  async read() {
    const before = this.#last;
    this.#last = await readingOf(this.#operator);
    return this.#between(before, this.#last);
  }

  /** What happened from the first reading to the last one. */
  inAll() {
    return this.#between(this.#first, this.#last);
  }

  #between(before, after) {
    const figures = figuresBetween(before, after);
    this.#mostDepth = Math.max(this.#mostDepth, figures.depth);
    return { ...figures, mostDepth: this.#mostDepth };
  }
}

/**
 * Figures over all pods. What a pod counted before counts from 0 when it was started again since, or is new.
 *
 * @param {Reading} before
 * @param {Reading} after
 */
export function figuresBetween(before, after) {
  const pairs = [...after.pods].map(([pod, samples]) => [earlierOf(before.pods.get(pod), samples), samples]);
  const events = pairs.reduce(
    (sum, [earlier, samples]) => sum + samples.sum(EVENTS) - (earlier?.sum(EVENTS) ?? 0),
    0,
  );
  const buckets = [0, 1].map((index) => summed(pairs.map((pair) => pair[index]?.buckets(APPEND) ?? [])));
  return {
    events,
    eventsPerSecond: (events * 1000) / (after.at - before.at),
    appendP50: histogramQuantile(0.5, ...buckets),
    appendP99: histogramQuantile(0.99, ...buckets),
    depth: pairs.reduce((sum, [, samples]) => sum + samples.sum(DEPTH), 0),
  };
}

function earlierOf(earlier, samples) {
  return earlier !== undefined && earlier.sum(EVENTS) <= samples.sum(EVENTS) ? earlier : undefined;
}

/** Histograms of the same bounds, added up. */
function summed(histograms) {
  const counts = new Map();
  for (const { bound, count } of histograms.flat()) counts.set(bound, (counts.get(bound) ?? 0) + count);
  return [...counts].map(([bound, count]) => ({ bound, count }));
}

async function readingOf(operator) {
  const pods = await operator.allMetrics();
  if (pods.size === 0) throw new Failure('no pod of the operator serves metrics');
  return { at: performance.now(), pods };
}

/** Milliseconds for people, of seconds; a histogram that observed nothing has none. */
export function formatMs(seconds) {
  return seconds === undefined ? '-' : `${(seconds * 1000).toFixed(1)} ms`;
}
