import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { readRules, scaleRules } from '../../alerts/rules.js';
import { settingsOf } from '../../ha/timings.js';
import { eventually } from '../fault-fleet.js';
import { FaultProxy } from '../fault-proxy.js';
import { PrometheusServer } from '../prometheus-server.js';
import { RealCluster } from '../real-cluster.js';
import { CREDENTIALS, S3Server } from '../s3-server.js';
import { AlertedOperator } from './alerted-operator.js';

/** The rules run so many times as fast: a minute of them takes a second. */
const SPEED = 60;
/** Where much has to happen within a window, it is longer. */
const SLOWER: Readonly<Record<string, number>> = { RynxsLeaderFlap: 20, RynxsCheckpointStale: 30 };
/** With room for a machine on which much else is at work; rule 3 of leader election is obeyed. */
const TIMINGS = settingsOf({
  leaseDurationMs: 15_000,
  renewDeadlineMs: 8_000,
  retryPeriodMs: 500,
  requestTimeoutMs: 2_500,
  freezeMs: 0,
  logLossMs: 0,
});

export type AlertState = 'inactive' | 'pending' | 'firing';

/** A real Kubernetes API, a real S3 server and a real Prometheus with the real rules, for operators that come to harm. */
export class Stage implements AsyncDisposable {
  readonly cluster: RealCluster;
  readonly directory: string;
  readonly #s3: S3Server;
  readonly #prometheus: PrometheusServer;
  readonly #operators: AlertedOperator[] = [];
  readonly #made: AsyncDisposableStack;

  private constructor(
    parts: {
      readonly cluster: RealCluster;
      readonly s3: S3Server;
      readonly prometheus: PrometheusServer;
      readonly directory: string;
    },
    made: AsyncDisposableStack,
  ) {
    this.cluster = parts.cluster;
    this.directory = parts.directory;
    this.#s3 = parts.s3;
    this.#prometheus = parts.prometheus;
    this.#made = made;
  }

  static async start(): Promise<Stage> {
    await using made = new AsyncDisposableStack();
    const directory = mkdtempSync(join(tmpdir(), 'rynxs-alerts-'));
    made.defer(() => rmSync(directory, { recursive: true, force: true }));
    const rules = join(directory, 'rules.yaml');
    writeFileSync(rules, stringify(scaleRules(readRules(), ({ alert = '' }) => 1 / speedOf(alert))));
    const [cluster, s3, prometheus] = await Promise.all([
      RealCluster.start({ crds: true }).then((started) => made.use(started)),
      S3Server.start('versitygw').then((started) => made.use(started)),
      PrometheusServer.start({ pods: [], rules: [rules] }).then((started) => made.use(started)),
    ]);
    return new Stage({ cluster, s3, prometheus, directory }, made.move());
  }

  /** An operator that keeps its log in a directory, and leads without an election. It does not run yet. */
  alone(alert: string, pod: string, env: Readonly<Record<string, string>> = {}): Promise<AlertedOperator> {
    const logs = join(this.directory, alert, pod, 'logs');
    return this.#operator(alert, pod, { KUBECONFIG: this.cluster.kubeconfig, LOG_DIR: logs, ...env });
  }

  /** A replica with its log in a bucket. It does not run yet. */
  replica(
    alert: string,
    { bucket, endpoint }: Bucket,
    {
      pod = 'pod-0',
      kubeconfig = this.cluster.kubeconfig,
    }: { readonly pod?: string; readonly kubeconfig?: string } = {},
  ): Promise<AlertedOperator> {
    return this.#operator(alert, pod, {
      ...CREDENTIALS,
      ...TIMINGS,
      KUBECONFIG: kubeconfig,
      LEADERSHIP_TYPE: 'lease',
      EVENT_STORE_TYPE: 's3',
      S3_BUCKET: bucket,
      S3_ENDPOINT: endpoint,
    });
  }

  /** A bucket of its own, behind a proxy that can do harm. */
  async bucket(): Promise<Bucket> {
    const proxy = this.#made.use(await FaultProxy.start(this.#s3.endpoint));
    return { bucket: await this.#s3.createBucket(), endpoint: proxy.endpoint, proxy };
  }

  /** Waits until an alert is in a state, and returns how long that took, in milliseconds. */
  async until(alert: string, state: AlertState): Promise<number> {
    const began = performance.now();
    await eventually(`${alert} is ${state}`, async () => {
      const found = await this.#stateOf(alert);
      return found === state ? [] : [found];
    });
    return performance.now() - began;
  }

  /** Of the alert that tells of the operators of its own drill. */
  async #stateOf(alert: string): Promise<AlertState> {
    const alerts = await this.#prometheus.alerts();
    const own = alerts.find(({ labels }) => labels.alertname === alert && labels.job === jobOf(alert));
    return own?.state ?? 'inactive';
  }

  /** Waits until Prometheus sees all operators of a drill, and nothing wrong with them. */
  async isQuiet(alert: string): Promise<void> {
    const pods = this.#operators.filter(({ scraped }) => scraped.job === jobOf(alert)).length;
    await eventually(`${alert}: its operators are scraped`, async () => {
      const up = await this.#prometheus.query(`sum(up{job="${jobOf(alert)}"})`);
      return up[0]?.value === pods ? [] : [JSON.stringify(up)];
    });
    // One that takes its time to start has no leader meanwhile.
    await this.until(alert, 'inactive');
  }

  /** Has the term of a drill's leader end, by taking the Lease away, and waits until another one has begun. */
  async nextTerm(alert: string, operators: readonly AlertedOperator[]): Promise<void> {
    const epoch = async () => {
      const found = await Promise.all(operators.map((operator) => operator.metric('rynxs_log_epoch')));
      return Math.max(...found.map((value) => value ?? 0));
    };
    const before = await epoch();
    await this.endTerm(alert);
    await eventually(`${alert}: another term has begun`, async () => {
      const found = await epoch();
      return found > before ? [] : [`epoch ${found}`];
    });
  }

  /** Takes the Lease of a drill away. */
  async endTerm(alert: string): Promise<void> {
    const leases = `/apis/coordination.k8s.io/v1/namespaces/${jobOf(alert)}/leases`;
    await this.cluster.api.must('DELETE', `${leases}/rynxs-operator-leader`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#operators.map((operator) => operator[Symbol.asyncDispose]()));
    await this.#made.disposeAsync();
  }

  async #operator(
    alert: string,
    pod: string,
    env: Readonly<Record<string, string>>,
  ): Promise<AlertedOperator> {
    const namespace = jobOf(alert);
    await this.cluster.api.send('POST', '/api/v1/namespaces', { metadata: { name: namespace } });
    const directory = join(this.directory, alert, pod);
    const operator = await AlertedOperator.make({ namespace, job: namespace, pod, directory, env });
    this.#operators.push(operator);
    this.#prometheus.setPods(this.#operators.map(({ scraped }) => scraped));
    return operator;
  }
}

/** How many times as fast as in production an alert is judged. */
export function speedOf(alert: string): number {
  return SLOWER[alert] ?? SPEED;
}

export interface Bucket {
  readonly bucket: string;
  /** Of the proxy. */
  readonly endpoint: string;
  readonly proxy: FaultProxy;
}

/** Job and namespace of the operators of an alert's drill. */
export function jobOf(alert: string): string {
  return alert.replace(/(?<=[a-z])(?=[A-Z])/g, '-').toLowerCase();
}
