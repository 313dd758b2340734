import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from './real-cluster/ports.js';

const START_TIMEOUT_MS = 30_000;
const POLL_MS = 50;
/** What ends a test run before its tests have ended; the server must not outlive it. */
const ENDING_SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/** A pod that is scraped, with the labels that a ServiceMonitor gives its series. */
export interface ScrapedPod {
  /** Where its metrics are: `http://127.0.0.1:<port>/metrics`. */
  readonly url: string;
  readonly pod: string;
  readonly namespace: string;
  /** Name of its Service. */
  readonly job: string;
}

export interface PrometheusOptions {
  readonly pods: readonly ScrapedPod[];
  /** Paths of rules files. */
  readonly rules?: readonly string[];
  /** Default 500. */
  readonly scrapeIntervalMs?: number;
  /** How often rules are evaluated that do not say so themselves; default 500. */
  readonly evaluationIntervalMs?: number;
}

/** One series at one time. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** One series over time. */
export interface Series {
  readonly labels: Readonly<Record<string, string>>;
  readonly points: readonly { readonly atMs: number; readonly value: number }[];
}

/** An alert that is pending or firing. */
export interface ActiveAlert {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly state: 'pending' | 'firing';
  readonly activeAt: string;
}

interface Answer<T> {
  readonly status: string;
  readonly data: T;
  readonly error?: string;
}

type Point = readonly [seconds: number, value: string];

/** A real Prometheus on a free loopback port, with a data base of its own. */
export class PrometheusServer implements AsyncDisposable {
  /** `http://127.0.0.1:<port>`. */
  readonly url: string;
  readonly #directory: string;
  readonly #process: ChildProcess;
  readonly #endWithUs = (): void => void this.#process.kill('SIGKILL');
  readonly #passOn = (signal: NodeJS.Signals): void => {
    this.#endWithUs();
    process.kill(process.pid, signal);
  };
  #output = '';

  private constructor(directory: string, port: number, options: PrometheusOptions) {
    this.url = `http://127.0.0.1:${port}`;
    this.#directory = directory;
    this.setPods(options.pods);
    writeFileSync(join(directory, 'prometheus.json'), JSON.stringify(configuration(directory, options)));
    this.#process = spawn(program(), [
      `--config.file=${join(directory, 'prometheus.json')}`,
      `--storage.tsdb.path=${join(directory, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--log.level=warn',
      // Else what is scraped is looked up every five seconds only.
      '--scrape.discovery-reload-interval=200ms',
      // Else an alert that fires again soon fires at once.
      '--rules.alert.for-grace-period=0s',
    ]);
    for (const stream of [this.#process.stdout, this.#process.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#output += text;
      });
    process.once('exit', this.#endWithUs);
    for (const signal of ENDING_SIGNALS) process.once(signal, this.#passOn);
  }

  /** Resolves when the server answers. */
  static async start(options: PrometheusOptions): Promise<PrometheusServer> {
    const directory = mkdtempSync(join(tmpdir(), 'rynxs-prometheus-'));
    const server = new PrometheusServer(directory, await freePort(), options);
    try {
      await server.#answers();
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
    return server;
  }

  /** Scrapes these from now on, and no others; it takes up to five seconds until it does. */
  setPods(pods: readonly ScrapedPod[]): void {
    const path = targetsFile(this.#directory);
    // Replaced at once: half a file would be no targets.
    writeFileSync(`${path}.new`, JSON.stringify(pods.map(targetGroup)));
    renameSync(`${path}.new`, path);
  }

  /** An instant query, at this moment. */
  async query(expression: string): Promise<readonly Sample[]> {
    const { result } = await this.#get<{
      readonly result: readonly { readonly metric: Sample['labels']; readonly value: Point }[];
    }>('query', { query: expression });
    return result.map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) }));
  }

  /** A range query. */
  async queryRange(
    expression: string,
    { fromMs, toMs, stepMs }: { readonly fromMs: number; readonly toMs: number; readonly stepMs: number },
  ): Promise<readonly Series[]> {
    const { result } = await this.#get<{
      readonly result: readonly { readonly metric: Series['labels']; readonly values: readonly Point[] }[];
    }>('query_range', {
      query: expression,
      start: String(fromMs / 1000),
      end: String(toMs / 1000),
      step: String(stepMs / 1000),
    });
    return result.map(({ metric, values }) => ({
      labels: metric,
      points: values.map(([seconds, value]) => ({ atMs: seconds * 1000, value: Number(value) })),
    }));
  }

  /** Alerts that are pending or firing. */
  async alerts(): Promise<readonly ActiveAlert[]> {
    return (await this.#get<{ readonly alerts: readonly ActiveAlert[] }>('alerts', {})).alerts;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    process.off('exit', this.#endWithUs);
    for (const signal of ENDING_SIGNALS) process.off(signal, this.#passOn);
    const child = this.#process;
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    rmSync(this.#directory, { recursive: true, force: true });
  }

  async #get<T>(path: string, parameters: Readonly<Record<string, string>>): Promise<T> {
    const answer = await fetch(`${this.url}/api/v1/${path}?${new URLSearchParams(parameters)}`);
    const { status, data, error } = (await answer.json()) as Answer<T>;
    if (status !== 'success') throw new Error(`${parameters.query ?? path}: ${error}`);
    return data;
  }

  async #answers(): Promise<void> {
    const deadline = performance.now() + START_TIMEOUT_MS;
    for (;;) {
      const isReady = await fetch(`${this.url}/-/ready`).then(
        ({ ok }) => ok,
        () => false,
      );
      if (isReady) return;
      const { exitCode } = this.#process;
      if (exitCode !== null) throw new Error(`Prometheus ended with ${exitCode}:\n${this.#output}`);
      if (performance.now() > deadline) throw new Error(`Prometheus does not answer:\n${this.#output}`);
      await sleep(POLL_MS);
    }
  }
}

function program(): string {
  const path = process.env.RYNXS_TEST_PROMETHEUS;
  if (path === undefined)
    throw new Error('RYNXS_TEST_PROMETHEUS must name Prometheus: use npm run test:cluster');
  return path;
}

function targetsFile(directory: string): string {
  return join(directory, 'targets.json');
}

/** JSON is YAML. */
function configuration(directory: string, options: PrometheusOptions): object {
  const { rules = [], scrapeIntervalMs = 500, evaluationIntervalMs = 500 } = options;
  return {
    global: {
      scrape_interval: `${scrapeIntervalMs}ms`,
      scrape_timeout: `${scrapeIntervalMs}ms`,
      evaluation_interval: `${evaluationIntervalMs}ms`,
    },
    rule_files: rules,
    scrape_configs: [{ job_name: 'pods', file_sd_configs: [{ files: [targetsFile(directory)] }] }],
  };
}

function targetGroup({ url, pod, namespace, job }: ScrapedPod): object {
  const { host, pathname } = new URL(url);
  const labels = { namespace, pod, job, service: job, endpoint: 'metrics', container: 'operator' };
  return { targets: [host], labels: { ...labels, __metrics_path__: pathname } };
}
