import {
  CONFIG,
  type Counter,
  type Gauge,
  type HealthCheck,
  type Histogram,
  type LifecycleHooks,
  LOGGER,
  type Logger,
  MetricDefinitions,
  type MetricOptions,
  rynxsError,
  type Telemetry,
  type Token,
} from '@rynxs/kernel';
import * as prometheus from 'prom-client';
import { healthPage } from './health-page.js';
import { HttpEndpoint, type Pages } from './http-endpoint.js';
import type { MetricsSettings } from './settings.js';

// The library's default of 10 ms wakes an idle process a hundred times a second.
const EVENT_LOOP_SAMPLING_MS = 100;

/** That there is an answer at all is what is asked for first; the API server's own health pages call it so. */
const PING: HealthCheck = { name: 'ping', kind: 'live', check: () => undefined };

/**
 * Telemetry for Prometheus: `/metrics` on one port, `/livez` and `/readyz` on another, in the text format of
 * https://prometheus.io/docs/instrumenting/exposition_formats/. Process and Node.js metrics are included.
 */
export class PrometheusTelemetry implements Telemetry, LifecycleHooks {
  static readonly inject: readonly Token<unknown>[] = [CONFIG, LOGGER];

  readonly #settings: MetricsSettings;
  readonly #logger: Logger;
  readonly #registry = new prometheus.Registry();
  readonly #metrics = new MetricDefinitions<Counter | Gauge | ZeroedHistogram>();
  readonly #checks = new Map<string, HealthCheck>();
  readonly #readings = new Set<() => void>();
  #metricsEndpoint: HttpEndpoint | undefined;
  #healthEndpoint: HttpEndpoint | undefined;

  constructor(settings: MetricsSettings, logger: Logger) {
    this.#settings = settings;
    this.#logger = logger;
  }

  /** Listens on both ports. Throws RYNXS_METRICS_PORT when one cannot be had. */
  async start(signal: AbortSignal): Promise<void> {
    const { host, port, healthPort } = this.#settings;
    if (port === healthPort && port !== 0) {
      throw rynxsError('RYNXS_METRICS_PORT', {
        address: `${host}:${port}`,
        variable: 'HEALTH_PORT',
        detail: 'METRICS_PORT and HEALTH_PORT are the same',
      });
    }
    prometheus.collectDefaultMetrics({
      register: this.#registry,
      eventLoopMonitoringPrecision: EVENT_LOOP_SAMPLING_MS,
    });
    const onError = (error: Error): void =>
      this.#logger.warn('a connection for metrics or health failed', { error });
    this.#metricsEndpoint = await HttpEndpoint.listen(
      { host, port, portVariable: 'METRICS_PORT' },
      this.#metricsPages(),
      onError,
      signal,
    );
    try {
      this.#healthEndpoint = await HttpEndpoint.listen(
        { host, port: healthPort, portVariable: 'HEALTH_PORT' },
        this.#healthPages(),
        onError,
        signal,
      );
    } catch (error) {
      await this.stop(signal);
      throw error;
    }
    this.#logger.info('serving metrics and health', {
      metrics: this.endpoint(),
      health: this.healthEndpoint(),
    });
  }

  /** Ends both servers; answers under way are finished first, until `signal` aborts. */
  async stop(signal: AbortSignal): Promise<void> {
    await this.#metricsEndpoint?.close(signal);
    await this.#healthEndpoint?.close(signal);
    this.#metricsEndpoint = undefined;
    this.#healthEndpoint = undefined;
    this.#registry.clear();
    this.#readings.clear();
  }

  counter(options: MetricOptions): Counter {
    const make = (): Counter => {
      const counter = new prometheus.Counter(this.#definition(options));
      const labelled = exactLabels(options);
      return { add: (labels = {}, by = 1) => counter.inc(labelled(labels), by) };
    };
    return this.#metrics.define('counter', options, make, (counter, labels) => counter.add(labels, 0));
  }

  gauge(options: MetricOptions): Gauge {
    const make = (): Gauge => {
      const gauge = new prometheus.Gauge(this.#definition(options));
      const labelled = exactLabels(options);
      return { set: (value, labels = {}) => gauge.set(labelled(labels), value) };
    };
    return this.#metrics.define('gauge', options, make, (gauge, labels) => gauge.set(0, labels));
  }

  histogram(options: MetricOptions & { readonly buckets?: readonly number[] }): Histogram {
    const make = (): ZeroedHistogram => {
      const histogram = new prometheus.Histogram({
        ...this.#definition(options),
        ...(options.buckets === undefined ? {} : { buckets: [...options.buckets] }),
      });
      const labelled = exactLabels(options);
      return {
        observe: (value, labels = {}) => histogram.observe(labelled(labels), value),
        zero: (labels) => histogram.zero(labelled(labels)),
      };
    };
    return this.#metrics.define('histogram', options, make, (histogram, labels) => histogram.zero(labels));
  }

  beforeReading(update: () => void): Disposable {
    // A function of its own, so that the same one given twice is called twice.
    const reading = (): void => update();
    this.#readings.add(reading);
    return { [Symbol.dispose]: () => void this.#readings.delete(reading) };
  }

  /** Adds a check, in place of an earlier one of the same kind and name. */
  health(check: HealthCheck): void {
    this.#checks.set(`${check.kind}/${check.name}`, check);
  }

  endpoint(): string | undefined {
    return this.#metricsEndpoint === undefined ? undefined : `${this.#metricsEndpoint.url}/metrics`;
  }

  /** Where `/livez` and `/readyz` are served, e.g. `http://127.0.0.1:8081`; undefined while nothing is. */
  healthEndpoint(): string | undefined {
    return this.#healthEndpoint?.url;
  }

  #definition(options: MetricOptions): {
    name: string;
    help: string;
    labelNames: string[];
    registers: prometheus.Registry[];
  } {
    return {
      name: options.name,
      help: options.help,
      labelNames: [...(options.labels ?? [])],
      registers: [this.#registry],
    };
  }

  #metricsPages(): Pages {
    return {
      '/metrics': async () => {
        for (const update of this.#readings) update();
        return {
          status: 200,
          contentType: this.#registry.contentType,
          body: await this.#registry.metrics(),
        };
      },
    };
  }

  #healthPages(): Pages {
    return {
      '/livez': () => healthPage('livez', [PING, ...this.#ofKind('live')]),
      '/readyz': () => healthPage('readyz', this.#readyChecks()),
    };
  }

  /** Nobody answers for a process that is still starting: it is alive, but not ready. */
  *#readyChecks(): Iterable<HealthCheck> {
    const checks = [...this.#ofKind('ready')];
    if (checks.length === 0) yield { name: 'started', kind: 'ready', check: () => 'it is starting' };
    yield* checks;
  }

  *#ofKind(kind: HealthCheck['kind']): Iterable<HealthCheck> {
    for (const check of this.#checks.values()) if (check.kind === kind) yield check;
  }
}

type Labels = Readonly<Record<string, string>>;

interface ZeroedHistogram extends Histogram {
  /** Makes a series exist that has observed nothing. */
  zero(labels: Labels): void;
}

/** The library refuses labels that were not declared; one that is left out would make a series nobody asked for. */
function exactLabels({ name, labels = [] }: MetricOptions): (given: Labels) => Record<string, string> {
  return (given) => {
    if (Object.keys(given).length < labels.length) {
      throw new Error(
        `${name} has the labels ${labels.join(', ')}, not only ${Object.keys(given).join(', ')}`,
      );
    }
    return { ...given };
  };
}
