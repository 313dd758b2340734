import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { membershipOf } from '../cluster/real-cluster/processes.js';
import type { RealCluster } from '../cluster/real-cluster.js';
import { RYNXS, RynxsProcess } from '../rynxs-process.js';
import { CountingProxy } from './counting-proxy.js';
import { Forwarder } from './forwarder.js';
import type { ReplicaNetwork, ServerName } from './replica-network.js';

const ANSWER_TIMEOUT_MS = 1_000;
/** The name in the API server's certificate under which it is reached by another address. */
const SERVER_NAME = 'localhost';

export interface ReplicaPlan {
  /** Also its pod's name, and its user at the API server. */
  readonly name: string;
  readonly network: ReplicaNetwork;
  readonly cluster: RealCluster;
  /** URL of the S3 server. */
  readonly s3: string;
  /** Where it serves metrics and health. */
  readonly ports: { readonly metrics: number; readonly health: number };
  /** What all replicas have in common. */
  readonly env: Readonly<Record<string, string>>;
}

/** How a replica's process ended that nobody had asked to. */
export interface OwnEnd {
  readonly replica: string;
  readonly code: number | null;
  /** Whether it had been ready; if not, it could not start. */
  readonly wasReady: boolean;
  /** The last things that it printed. */
  readonly words: string;
}

/** `rynxs start` as one of several: a process with a network, a user and a way to S3 of its own. */
export class Replica implements AsyncDisposable {
  /** Told when the process has ended by itself. */
  onOwnEnd: (end: OwnEnd) => void = () => undefined;
  /** What it changes in the bucket. */
  readonly s3: CountingProxy;
  readonly #plan: ReplicaPlan;
  readonly #forwarders: Readonly<Record<ServerName, Forwarder>>;
  readonly #kubeconfig: string;
  readonly #directory: string;
  #process: RynxsProcess | undefined;
  /** Whether the process that runs now has been ready. */
  #wasReady = false;
  /** What earlier processes have printed. */
  #before = '';

  private constructor(
    plan: ReplicaPlan,
    s3: CountingProxy,
    forwarders: Readonly<Record<ServerName, Forwarder>>,
    kubeconfig: string,
  ) {
    this.#plan = plan;
    this.s3 = s3;
    this.#forwarders = forwarders;
    this.#kubeconfig = kubeconfig;
    this.#directory = join(plan.cluster.directory, plan.name);
    mkdirSync(this.#directory, { recursive: true });
  }

  /** Lays its ways to the servers; it does not run yet. */
  static async make(plan: ReplicaPlan): Promise<Replica> {
    const { name, network, cluster } = plan;
    await using made = new AsyncDisposableStack();
    const s3 = made.use(await CountingProxy.start(plan.s3));
    const apiPort = Number(new URL(cluster.server.url).port);
    const forwarders = {
      'API server': made.use(await Forwarder.start(network.serverAddress, apiPort)),
      S3: made.use(await Forwarder.start(network.serverAddress, s3.port)),
    };
    const url = `https://${network.serverAddress}:${forwarders['API server'].port}`;
    const file = await cluster.kubeconfigFor({ user: name, groups: ['system:masters'] });
    const replica = new Replica(plan, s3, forwarders, redirected(file, url));
    made.move();
    return replica;
  }

  get name(): string {
    return this.#plan.name;
  }

  get isRunning(): boolean {
    return this.#process !== undefined;
  }

  /** All that its processes have printed. */
  get output(): string {
    return this.#before + (this.#process?.output ?? '');
  }

  start(): void {
    const { network, cluster, ports, env, name } = this.#plan;
    const child = new RynxsProcess(network.inside([...RYNXS, 'start']), this.#directory, {
      ...env,
      ...membershipOf(cluster.directory, name),
      CLUSTER_TYPE: 'kubernetes',
      KUBECONFIG: this.#kubeconfig,
      POD_NAME: name,
      S3_ENDPOINT: `http://${network.serverAddress}:${this.#forwarders.S3.port}`,
      METRICS_HOST: network.replicaAddress,
      METRICS_PORT: String(ports.metrics),
      HEALTH_PORT: String(ports.health),
    });
    this.#process = child;
    this.#wasReady = false;
    void child.ended().then(({ code }) => {
      if (this.#process !== child) return;
      this.#forget();
      this.onOwnEnd({ replica: name, code, wasReady: this.#wasReady, words: child.output.slice(-1_500) });
    });
  }

  /** For signals that do not end it. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#process?.signal(signal);
  }

  /** Resolves to its exit code when it has ended; undefined when it did not run. */
  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<number | null | undefined> {
    const child = this.#process;
    if (child === undefined) return undefined;
    this.#forget();
    child.signal(signal);
    return (await child.ended()).code;
  }

  /** Cuts the way between it and a server. */
  async cut(server: ServerName): Promise<void> {
    const forwarder = this.#forwarders[server];
    if (!(await this.#plan.network.cut(forwarder.port))) forwarder.stall();
  }

  /** Undoes every cut. */
  async mend(): Promise<void> {
    await this.#plan.network.mend();
    for (const forwarder of Object.values(this.#forwarders)) forwarder.resume();
  }

  /** Whether it says that it leads; undefined when it does not answer. */
  async isLeader(): Promise<boolean | undefined> {
    const text = (await this.#get(this.#plan.ports.metrics, '/metrics'))?.text;
    const value = text && /^rynxs_leader_election_status (\d)/m.exec(text)?.[1];
    return value === undefined ? undefined : value === '1';
  }

  /** Why it is not ready, as `/readyz` says it; undefined when it is. */
  async unreadiness(): Promise<string | undefined> {
    const answer = await this.#get(this.#plan.ports.health, '/readyz');
    if (answer === undefined) return 'no answer';
    if (answer.status === 200) this.#wasReady = true;
    return answer.status === 200 ? undefined : answer.text.trim().replaceAll('\n', '; ');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Also one that is stopped where it stands: nothing else reaches that.
    await this.end('SIGKILL');
    for (const forwarder of Object.values(this.#forwarders)) await forwarder[Symbol.asyncDispose]();
    await this.s3[Symbol.asyncDispose]();
  }

  #forget(): void {
    this.#before = this.output;
    this.#process = undefined;
  }

  async #get(port: number, path: string): Promise<{ status: number; text: string } | undefined> {
    if (!this.isRunning) return undefined;
    try {
      const answer = await fetch(`http://${this.#plan.network.replicaAddress}:${port}${path}`, {
        signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
      });
      return { status: answer.status, text: await answer.text() };
    } catch {
      return undefined;
    }
  }
}

/** Makes a kubeconfig one of the same server at another address; returns its path. */
function redirected(file: string, url: string): string {
  const config = parse(readFileSync(file, 'utf8'));
  Object.assign(config.clusters[0].cluster, { server: url, 'tls-server-name': SERVER_NAME });
  writeFileSync(file, stringify(config), { mode: 0o600 });
  return file;
}
