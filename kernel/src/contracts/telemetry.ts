import { createToken } from './token.js';

export interface MetricOptions {
  /** Prometheus name, with unit and `_total` where they belong. */
  readonly name: string;
  readonly help: string;
  /** Label names. */
  readonly labels?: readonly string[];
  /** Label values that exist from the start at 0, as one object per series; named before they are used. */
  readonly initial?: readonly Readonly<Record<string, string>>[];
}

export interface Counter {
  /** Adds `by` (default 1, never negative). */
  add(labels?: Readonly<Record<string, string>>, by?: number): void;
}

export interface Gauge {
  set(value: number, labels?: Readonly<Record<string, string>>): void;
}

export interface Histogram {
  /** Observes a value in the unit that the metric's name ends with (seconds, bytes). */
  observe(value: number, labels?: Readonly<Record<string, string>>): void;
}

/** A named check. Resolves to undefined when healthy, to a one-line reason otherwise; must not throw. */
export interface HealthCheck {
  readonly name: string;
  /** `live`: restart me when it fails. `ready`: send me no traffic while it fails. */
  readonly kind: 'live' | 'ready';
  check(): string | undefined;
}

/**
 * Metrics and health. Asking twice for one name returns the same metric, with the initial series of both; a second help
 * text, type or label set for one name is RYNXS_METRIC_CONFLICT.
 */
export interface Telemetry {
  counter(options: MetricOptions): Counter;
  gauge(options: MetricOptions): Gauge;
  /** `buckets` are upper bounds in the unit of the name, rising. */
  histogram(options: MetricOptions & { readonly buckets?: readonly number[] }): Histogram;
  /** Calls `update` before each time the metrics are read, for gauges that change by themselves, as ages do. */
  beforeReading(update: () => void): Disposable;
  health(check: HealthCheck): void;
  /** Where the metrics can be read, e.g. `http://127.0.0.1:8080/metrics`; undefined when nothing is served. */
  endpoint(): string | undefined;
}

export const TELEMETRY = createToken<Telemetry>('TELEMETRY', { selectedBy: 'TELEMETRY_TYPE' });
