import { mkdirSync } from 'node:fs';
import { RYNXS, RynxsProcess } from '../../rynxs-process.js';
import { eventually } from '../fault-fleet.js';
import type { ScrapedPod } from '../prometheus-server.js';
import { freePort } from '../real-cluster/ports.js';

export interface OperatorPlan {
  readonly namespace: string;
  readonly job: string;
  readonly pod: string;
  readonly directory: string;
  readonly env: Readonly<Record<string, string>>;
}

/** `rynxs start` in a process of its own, which may end and begin again, as the container of a pod does. */
export class AlertedOperator implements AsyncDisposable {
  readonly scraped: ScrapedPod;
  readonly #plan: OperatorPlan;
  readonly #port: number;
  #process: RynxsProcess | undefined;

  private constructor(plan: OperatorPlan, port: number) {
    const { namespace, job, pod } = plan;
    this.#plan = plan;
    this.#port = port;
    this.scraped = { namespace, job, pod, url: `http://127.0.0.1:${port}/metrics` };
  }

  /** It does not run yet. */
  static async make(plan: OperatorPlan): Promise<AlertedOperator> {
    mkdirSync(plan.directory, { recursive: true });
    return new AlertedOperator(plan, await freePort());
  }

  start(): void {
    const { directory, pod, namespace, env } = this.#plan;
    this.#process = new RynxsProcess([...RYNXS, 'start'], directory, {
      CLUSTER_TYPE: 'kubernetes',
      POD_NAME: pod,
      POD_NAMESPACE: namespace,
      METRICS_HOST: '127.0.0.1',
      METRICS_PORT: String(this.#port),
      HEALTH_PORT: '0',
      ...env,
    });
  }

  /** Resolves when it leads. */
  async leads(): Promise<void> {
    await eventually(`${this.#plan.job}/${this.#plan.pod} leads`, async () =>
      (await this.metric('rynxs_leader_election_status')) === 1
        ? []
        : [this.#process?.output.slice(-1_500) ?? ''],
    );
  }

  async startLeading(): Promise<void> {
    this.start();
    await this.leads();
  }

  /** The value of a metric without labels; undefined while nothing answers. */
  async metric(name: string): Promise<number | undefined> {
    const value = new RegExp(`^${name} (\\S+)$`, 'm').exec((await this.page()) ?? '')?.[1];
    return value === undefined ? undefined : Number(value);
  }

  /** All that it serves to Prometheus; undefined while nothing answers. */
  async page(): Promise<string | undefined> {
    try {
      const answer = await fetch(this.scraped.url, { signal: AbortSignal.timeout(1_000) });
      return await answer.text();
    } catch {
      return undefined;
    }
  }

  /** Resolves to its exit code. */
  async end(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<number | null> {
    const process = this.#process;
    if (process === undefined) throw new Error('it does not run');
    process.signal(signal);
    const { code } = await process.ended();
    this.#process = undefined;
    return code;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process?.[Symbol.asyncDispose]();
  }
}
