import type { MetricOptions } from '../contracts/telemetry.js';
import { rynxsError } from '../errors/rynxs-error.js';

type Labels = Readonly<Record<string, string>>;

interface Definition<M> {
  readonly definition: string;
  readonly metric: M;
  /** The series that were begun, by their labels. */
  readonly begun: Set<string>;
}

/**
 * Keeps the rule that one name is one metric: asking again gives the same one, asking differently is an error. Whoever asks
 * may name series that are to exist from the start: each is begun once.
 */
export class MetricDefinitions<M> {
  readonly #metrics = new Map<string, Definition<M>>();

  /**
   * The metric of this name, made by `make` on first use; `begin` makes a series of it exist at 0. Throws
   * RYNXS_METRIC_CONFLICT.
   */
  define<T extends M>(
    type: string,
    options: MetricOptions & { readonly buckets?: readonly number[] },
    make: () => T,
    begin: (metric: T, labels: Labels) => void,
  ): T {
    const labels = [...(options.labels ?? [])].sort();
    const definition = JSON.stringify([type, options.help, labels, options.buckets ?? null]);
    let known = this.#metrics.get(options.name);
    if (known === undefined) {
      known = { definition, metric: make(), begun: new Set() };
      this.#metrics.set(options.name, known);
    }
    if (known.definition !== definition) throw rynxsError('RYNXS_METRIC_CONFLICT', { metric: options.name });
    // The type is part of the definition, so what is kept under an equal one is a T.
    const metric = known.metric as T;
    for (const series of options.initial ?? []) {
      const key = JSON.stringify(labels.map((label) => series[label]));
      if (!known.begun.has(key)) begin(metric, series);
      known.begun.add(key);
    }
    return metric;
  }
}
