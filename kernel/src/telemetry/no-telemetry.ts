import type {
  Counter,
  Gauge,
  HealthCheck,
  Histogram,
  MetricOptions,
  Telemetry,
} from '../contracts/telemetry.js';
import { MetricDefinitions } from './metric-definitions.js';

const nothing = () => undefined;
const SILENT: Counter & Gauge & Histogram = { add: () => {}, set: () => {}, observe: () => {} };

/** `TELEMETRY_TYPE=none`: measures nothing and serves nothing, but refuses the same mistakes as every other one. */
export class NoTelemetry implements Telemetry {
  static readonly inject = [] as const;
  readonly #definitions = new MetricDefinitions<typeof SILENT>();

  counter(options: MetricOptions): Counter {
    return this.#definitions.define('counter', options, () => SILENT, nothing);
  }

  gauge(options: MetricOptions): Gauge {
    return this.#definitions.define('gauge', options, () => SILENT, nothing);
  }

  histogram(options: MetricOptions & { readonly buckets?: readonly number[] }): Histogram {
    return this.#definitions.define('histogram', options, () => SILENT, nothing);
  }

  beforeReading(_update: () => void): Disposable {
    return { [Symbol.dispose]: () => {} };
  }

  health(_check: HealthCheck): void {}

  endpoint(): undefined {
    return undefined;
  }
}
