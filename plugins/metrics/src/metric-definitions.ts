import { type MetricOptions, rynxsError } from '@rynxs/kernel';

export type MetricKind = 'counter' | 'gauge' | 'histogram';

interface Definition<M> {
  readonly fingerprint: string;
  readonly metric: M;
}

/** Metrics by name. One name is one metric: the same definition gives the same one again, another is an error. */
export class MetricDefinitions<M> {
  readonly #definitions = new Map<string, Definition<M>>();

  /** Throws RYNXS_METRIC_CONFLICT when `name` was defined with another kind, help, labels or buckets. */
  get<T extends M>(
    kind: MetricKind,
    options: MetricOptions & { readonly buckets?: readonly number[] },
    make: () => T,
  ): T {
    const fingerprint = JSON.stringify([
      kind,
      options.help,
      [...(options.labels ?? [])].sort(),
      options.buckets,
    ]);
    const known = this.#definitions.get(options.name);
    if (known === undefined) {
      const metric = make();
      this.#definitions.set(options.name, { fingerprint, metric });
      return metric;
    }
    if (known.fingerprint !== fingerprint)
      throw rynxsError('RYNXS_METRIC_CONFLICT', { metric: options.name });
    // The kind is part of the fingerprint, so what is kept under it is a T.
    return known.metric as T;
  }
}
