import type {
  Counter,
  Gauge,
  HealthCheck,
  Histogram,
  MetricOptions,
  Telemetry,
} from '../contracts/telemetry.js';
import { MetricDefinitions } from '../telemetry/metric-definitions.js';

type Labels = Readonly<Record<string, string>>;

/** Telemetry that keeps what was measured, for assertions. As strict as the real one about names and labels. */
export class FakeTelemetry implements Telemetry {
  /** Health checks in the order in which they were registered. */
  readonly checks: HealthCheck[] = [];
  readonly #definitions = new MetricDefinitions<RecordedMetric>();
  readonly #metrics = new Map<string, RecordedMetric>();
  readonly #readings = new Set<() => void>();

  counter(options: MetricOptions): Counter {
    return this.#define('counter', options);
  }

  gauge(options: MetricOptions): Gauge {
    return this.#define('gauge', options);
  }

  histogram(options: MetricOptions & { readonly buckets?: readonly number[] }): Histogram {
    return this.#define('histogram', options);
  }

  beforeReading(update: () => void): Disposable {
    // A function of its own, so that the same one given twice is called twice.
    const reading = () => update();
    this.#readings.add(reading);
    return { [Symbol.dispose]: () => void this.#readings.delete(reading) };
  }

  health(check: HealthCheck): void {
    this.checks.push(check);
  }

  endpoint(): undefined {
    return undefined;
  }

  /** The value of a counter or gauge; undefined while the series does not exist. Throws when nobody defined the name. */
  value(name: string, labels: Labels = {}): number | undefined {
    return this.#recorded(name).series.get(keyOf(labels))?.at(-1);
  }

  /** All values that a histogram was given, in order. Throws when nobody defined the name. */
  observations(name: string, labels: Labels = {}): readonly number[] {
    return this.#recorded(name).series.get(keyOf(labels)) ?? [];
  }

  /** Names of all metrics that were defined. */
  names(): readonly string[] {
    return [...this.#metrics.keys()];
  }

  /** Why the checks of a kind fail, as `name: reason`; empty when healthy. */
  unhealthy(kind: HealthCheck['kind']): readonly string[] {
    return this.checks.flatMap((check) => {
      const reason = check.kind === kind ? check.check() : undefined;
      return reason === undefined ? [] : [`${check.name}: ${reason}`];
    });
  }

  #define(type: string, options: MetricOptions & { readonly buckets?: readonly number[] }): RecordedMetric {
    const make = () => {
      const metric = new RecordedMetric(options, type === 'histogram');
      this.#metrics.set(options.name, metric);
      return metric;
    };
    return this.#definitions.define(type, options, make, (metric, labels) => metric.begin(labels));
  }

  #recorded(name: string): RecordedMetric {
    for (const update of this.#readings) update();
    const metric = this.#metrics.get(name);
    if (metric === undefined) {
      throw new Error(`no metric ${name} was defined; there is ${this.names().join(', ') || 'none'}`);
    }
    return metric;
  }
}

class RecordedMetric implements Counter, Gauge, Histogram {
  /** Values by label set: all for a histogram, the last one otherwise. */
  readonly series = new Map<string, number[]>();
  readonly #options: MetricOptions;
  readonly #isHistogram: boolean;

  constructor(options: MetricOptions, isHistogram: boolean) {
    this.#options = options;
    this.#isHistogram = isHistogram;
    if ((options.labels ?? []).length === 0) this.begin({});
  }

  begin(labels: Labels): void {
    this.series.set(this.#key(labels), this.#isHistogram ? [] : [0]);
  }

  add(labels: Labels = {}, by = 1): void {
    if (!(by >= 0)) throw new Error(`${this.#options.name}: a counter cannot rise by ${by}`);
    const key = this.#key(labels);
    this.series.set(key, [(this.series.get(key)?.at(-1) ?? 0) + by]);
  }

  set(value: number, labels: Labels = {}): void {
    this.series.set(this.#key(labels), [value]);
  }

  observe(value: number, labels: Labels = {}): void {
    const key = this.#key(labels);
    const values = this.series.get(key);
    if (values === undefined) this.series.set(key, [value]);
    else values.push(value);
  }

  #key(labels: Labels): string {
    const declared = keyOf(Object.fromEntries((this.#options.labels ?? []).map((label) => [label, ''])));
    const given = keyOf(Object.fromEntries(Object.keys(labels).map((label) => [label, ''])));
    if (given !== declared) {
      throw new Error(
        `${this.#options.name} has the labels [${this.#options.labels ?? []}], not [${Object.keys(labels)}]`,
      );
    }
    return keyOf(labels);
  }
}

function keyOf(labels: Labels): string {
  return JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));
}
