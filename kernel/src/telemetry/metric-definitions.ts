import type { MetricOptions } from '../contracts/telemetry.js';
import { rynxsError } from '../errors/rynxs-error.js';

/** Keeps the rule that one name is one metric: asking again gives the same one, asking differently is an error. */
export class MetricDefinitions<M> {
  readonly #metrics = new Map<string, { readonly definition: string; readonly metric: M }>();

  /** The metric of this name, made by `make` on first use. Throws RYNXS_METRIC_CONFLICT. */
  define<T extends M>(
    type: string,
    options: MetricOptions & { readonly buckets?: readonly number[] },
    make: () => T,
  ): T {
    const labels = [...(options.labels ?? [])].sort();
    const definition = JSON.stringify([type, options.help, labels, options.buckets ?? null]);
    const known = this.#metrics.get(options.name);
    if (known !== undefined) {
      if (known.definition !== definition)
        throw rynxsError('RYNXS_METRIC_CONFLICT', { metric: options.name });
      // The type is part of the definition, so what is kept under an equal one is a T.
      return known.metric as T;
    }
    const metric = make();
    this.#metrics.set(options.name, { definition, metric });
    return metric;
  }
}
