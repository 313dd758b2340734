import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { RYNXS, RynxsProcess } from '../rynxs-process.js';
import { eventually } from './fault-fleet.js';
import { freePort } from './real-cluster/ports.js';
import type { RealCluster } from './real-cluster.js';

const ANSWER_TIMEOUT_MS = 1_000;

/** `rynxs start` in a process of its own, asked from outside how it is. */
export class FollowedOperator implements AsyncDisposable {
  readonly process: RynxsProcess;
  readonly #ports: { readonly metrics: number; readonly health: number };

  private constructor(process: RynxsProcess, ports: { readonly metrics: number; readonly health: number }) {
    this.process = process;
    this.#ports = ports;
  }

  static async start(
    name: string,
    cluster: Pick<RealCluster, 'directory' | 'kubeconfig'>,
    env: Readonly<Record<string, string>>,
  ): Promise<FollowedOperator> {
    const directory = join(cluster.directory, name);
    mkdirSync(directory, { recursive: true });
    const ports = { metrics: await freePort(), health: await freePort() };
    const process = new RynxsProcess([...RYNXS, 'start'], directory, {
      CLUSTER_TYPE: 'kubernetes',
      KUBECONFIG: cluster.kubeconfig,
      POD_NAME: name,
      METRICS_HOST: '127.0.0.1',
      METRICS_PORT: String(ports.metrics),
      HEALTH_PORT: String(ports.health),
      LOG_DAMAGE_LINGER: '0s',
      ...env,
    });
    return new FollowedOperator(process, ports);
  }

  /** Where its metrics are. */
  get metricsUrl(): string {
    return `http://127.0.0.1:${this.#ports.metrics}/metrics`;
  }

  /** The value of a metric without labels; undefined while nothing answers. */
  async metric(name: string): Promise<number | undefined> {
    const text = (await this.#get(this.#ports.metrics, '/metrics'))?.text ?? '';
    const value = new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1];
    return value === undefined ? undefined : Number(value);
  }

  /** Waits until a metric has a value. */
  async untilMetric(name: string, value: number): Promise<void> {
    await eventually(`${name} is ${value}`, async () => {
      const found = await this.metric(name);
      return found === value ? [] : [`${found}`];
    });
  }

  async untilLeading(): Promise<void> {
    await this.untilMetric('rynxs_leader_election_status', 1);
  }

  /** Why it is not ready; undefined when it is. */
  async unreadiness(): Promise<string | undefined> {
    const answer = await this.#get(this.#ports.health, '/readyz');
    if (answer === undefined) return 'no answer';
    return answer.status === 200 ? undefined : answer.text;
  }

  async untilReady(): Promise<void> {
    await eventually('it is ready', async () => {
      const reason = await this.unreadiness();
      return reason === undefined ? [] : [reason];
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.process[Symbol.asyncDispose]();
  }

  async #get(
    port: number,
    path: string,
  ): Promise<{ readonly status: number; readonly text: string } | undefined> {
    try {
      const signal = AbortSignal.timeout(ANSWER_TIMEOUT_MS);
      const answer = await fetch(`http://127.0.0.1:${port}${path}`, { signal });
      return { status: answer.status, text: await answer.text() };
    } catch {
      return undefined;
    }
  }
}
