const LINE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)(?: \d+)?$/;
const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g;
const ESCAPES = { '\\n': '\n', '\\"': '"', '\\\\': '\\' };

/**
 * One reading of /metrics, in the text format of Prometheus
 * (https://prometheus.io/docs/instrumenting/exposition_formats/).
 */
export class Samples {
  #series;

  /** @param {ReadonlyMap<string, readonly { labels: Record<string, string>, value: number }[]>} series by name */
  constructor(series) {
    this.#series = series;
  }

  static parse(text) {
    const series = new Map();
    for (const line of text.split('\n')) {
      const match = LINE.exec(line);
      if (match === null) continue;
      const [, name, labels = '', value] = match;
      if (!series.has(name)) series.set(name, []);
      series.get(name).push({ labels: parseLabels(labels), value: Number(value.replace('Inf', 'Infinity')) });
    }
    return new Samples(series);
  }

  has(name) {
    return this.#series.has(name);
  }

  /** Sum over the series whose labels satisfy `selects`; 0 when there is none. */
  sum(name, selects = () => true) {
    const chosen = (this.#series.get(name) ?? []).filter(({ labels }) => selects(labels));
    return chosen.reduce((sum, { value }) => sum + value, 0);
  }

  /** Sums by the values of one label. */
  by(name, label) {
    const sums = {};
    for (const { labels, value } of this.#series.get(name) ?? []) {
      const key = labels[label] ?? '';
      sums[key] = (sums[key] ?? 0) + value;
    }
    return sums;
  }

  /** Upper bounds of a histogram, ascending, with how many observations are not above each. */
  buckets(name) {
    const counts = new Map();
    for (const { labels, value } of this.#series.get(`${name}_bucket`) ?? []) {
      const bound = labels.le === '+Inf' ? Number.POSITIVE_INFINITY : Number(labels.le);
      counts.set(bound, (counts.get(bound) ?? 0) + value);
    }
    return [...counts].sort(([a], [b]) => a - b).map(([bound, count]) => ({ bound, count }));
  }
}

function parseLabels(text) {
  const labels = {};
  for (const [, name, value] of text.matchAll(LABEL)) {
    labels[name] = value.replaceAll(/\\[n"\\]/g, (escaped) => ESCAPES[escaped]);
  }
  return labels;
}

/**
 * A quantile of what a histogram observed between two readings, in its unit, by Prometheus's own estimate
 * (https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile): linear within a bucket, and the last
 * finite bound for what is above all of them. Undefined when it observed nothing.
 */
export function histogramQuantile(quantile, before, after) {
  const earlier = new Map(before.map(({ bound, count }) => [bound, count]));
  const buckets = after.map(({ bound, count }) => ({ bound, count: count - (earlier.get(bound) ?? 0) }));
  const total = buckets.at(-1)?.count ?? 0;
  if (total <= 0) return undefined;
  const rank = quantile * total;
  const index = buckets.findIndex(({ count }) => count >= rank);
  const { bound, count } = buckets[index];
  const { bound: lower, count: below } = buckets[index - 1] ?? { bound: 0, count: 0 };
  if (bound === Number.POSITIVE_INFINITY) return lower;
  return count === below ? bound : lower + ((bound - lower) * (rank - below)) / (count - below);
}
