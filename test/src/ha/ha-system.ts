import { mkdirSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type LogEvent, NoteSigner } from '@rynxs/log';
import { CONTROLLERS } from '../cluster/fault-fleet.js';
import { freePort } from '../cluster/real-cluster/ports.js';
import { RealCluster } from '../cluster/real-cluster.js';
import { CREDENTIALS, S3Server } from '../cluster/s3-server.js';
import { runRynxs } from '../rynxs-process.js';
import { leaseHolder, NAMESPACE } from './lease.js';
import { type OwnEnd, Replica } from './replica.js';
import { NamespaceNetwork, type ReplicaNetwork, SharedNetwork, whyNoNamespaces } from './replica-network.js';
import { settingsOf, type Timings } from './timings.js';

const NAMES = ['replica-a', 'replica-b', 'replica-c'] as const;
const POLL_MS = 50;
/** What a kubelet does with a container that has ended, but at once. */
const RESTART_AFTER_MS = 500;
const METRICS_PORT = 8080;
const HEALTH_PORT = 8081;

export interface HaSystemOptions {
  readonly timings: Timings;
  /** Gives the start up, and every wait. */
  readonly signal: AbortSignal;
}

/**
 * Three replicas of the operator on a real Kubernetes API and a real S3 server, each with a network of its own where
 * that can be had. A replica that ends by itself is started again, as a kubelet would. Nothing of it is left in the end.
 */
export class HaSystem implements AsyncDisposable {
  /** The ends of replicas that nobody had asked to end. */
  readonly ownEnds: OwnEnd[] = [];
  readonly cluster: RealCluster;
  readonly replicas: readonly Replica[];
  readonly timings: Timings;
  readonly signal: AbortSignal;
  readonly #s3: S3Server;
  readonly #bucket: string;
  readonly #verifierKey: string;
  readonly #made: AsyncDisposableStack;

  private constructor(
    { timings, signal }: HaSystemOptions,
    parts: {
      readonly cluster: RealCluster;
      readonly s3: S3Server;
      readonly bucket: string;
      readonly verifierKey: string;
      readonly replicas: readonly Replica[];
    },
    made: AsyncDisposableStack,
  ) {
    this.timings = timings;
    this.signal = signal;
    this.cluster = parts.cluster;
    this.replicas = parts.replicas;
    this.#s3 = parts.s3;
    this.#bucket = parts.bucket;
    this.#verifierKey = parts.verifierKey;
    this.#made = made;
    for (const replica of this.replicas)
      replica.onOwnEnd = (end) => {
        this.ownEnds.push(end);
        void sleep(RESTART_AFTER_MS, undefined, { signal }).then(
          () => replica.isRunning || this.#made.disposed || replica.start(),
          () => undefined,
        );
      };
  }

  /** Resolves when one replica leads and all are ready. */
  static async start(options: HaSystemOptions): Promise<HaSystem> {
    const { signal, timings } = options;
    await using made = new AsyncDisposableStack();
    const cluster = made.use(await RealCluster.start({ crds: true, controllers: CONTROLLERS, signal }));
    await cluster.api.must('POST', '/api/v1/namespaces', { metadata: { name: NAMESPACE } });
    const s3 = made.use(await S3Server.start('versitygw'));
    const bucket = await s3.createBucket();
    const signer = NoteSigner.generate('replicas');
    const keyFile = join(cluster.directory, 'log.key');
    writeFileSync(keyFile, `${signer.export()}\n`, { mode: 0o600 });
    const env = {
      ...CREDENTIALS,
      ...settingsOf(timings),
      LEADERSHIP_TYPE: 'lease',
      POD_NAMESPACE: NAMESPACE,
      EVENT_STORE_TYPE: 's3',
      S3_BUCKET: bucket,
      LOG_SIGNING_KEY_FILE: keyFile,
      LOG_LEVEL: 'info',
    };
    const replicas: Replica[] = [];
    for (const name of NAMES) {
      const network = made.use(await networkOf(cluster, name));
      const ports = await portsOf(network);
      replicas.push(made.use(await Replica.make({ name, network, cluster, s3: s3.endpoint, ports, env })));
    }
    const verifierKey = signer.verifier.toString();
    const parts = { cluster, s3, bucket, verifierKey, replicas };
    const system = new HaSystem(options, parts, made.move());
    try {
      for (const replica of replicas) replica.start();
      await system.until('one replica leads and all are ready', timings.leaseDurationMs + 60_000, () =>
        system.unrest(),
      );
      return system;
    } catch (error) {
      await system[Symbol.asyncDispose]();
      throw error;
    }
  }

  replica(name: string): Replica {
    const found = this.replicas.find((replica) => replica.name === name);
    if (found === undefined) throw new Error(`${name} is no replica`);
    return found;
  }

  /** The one replica that says that it leads and holds the Lease; undefined while that is none or another one. */
  async leader(): Promise<Replica | undefined> {
    const [holder, ...claims] = await Promise.all([
      leaseHolder(this.cluster.api).catch(() => undefined),
      ...this.replicas.map((replica) => replica.isLeader()),
    ]);
    const leaders = this.replicas.filter((_, index) => claims[index] === true);
    return leaders.length === 1 && leaders[0]?.name === holder ? leaders[0] : undefined;
  }

  /** What keeps the replicas from being one leader and two ready followers; nothing when they are. */
  async unrest(): Promise<readonly string[]> {
    const [holder, ...states] = await Promise.all([
      leaseHolder(this.cluster.api),
      ...this.replicas.map(async (replica) => ({
        name: replica.name,
        leads: await replica.isLeader(),
        unready: await replica.unreadiness(),
      })),
    ]);
    const leaders = states.filter(({ leads }) => leads === true).map(({ name }) => name);
    return [
      ...(leaders.length === 1 ? [] : [`${leaders.join(' and ') || 'nobody'} says that it leads`]),
      ...(holder === undefined || leaders.includes(holder) ? [] : [`${holder} holds the Lease`]),
      ...(holder === undefined ? ['nobody holds the Lease'] : []),
      ...states.flatMap(({ name, unready }) => (unready === undefined ? [] : [`${name}: ${unready}`])),
    ];
  }

  /** Looks again and again until there is nothing left; rejects with what is left after `withinMs`. */
  async until(what: string, withinMs: number, look: () => Promise<readonly string[]>): Promise<void> {
    const deadline = performance.now() + withinMs;
    for (;;) {
      const left = await look().catch((error: unknown) => [String(error)]);
      if (left.length === 0) return;
      if (performance.now() > deadline) {
        const seconds = Math.round(withinMs / 1_000);
        throw new Error(`it did not come within ${seconds} s: ${what}; ${left.slice(0, 5).join('; ')}`);
      }
      await this.pause(POLL_MS);
    }
  }

  async pause(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.signal });
  }

  /** All records of the log, as `rynxs log query` prints them. */
  async records(): Promise<readonly LogEvent[]> {
    const printed = await this.#rynxs('log', 'query', '--output', 'json');
    return printed
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as LogEvent);
  }

  /** Rejects with what `rynxs log verify` has to say against the log. */
  async verify(): Promise<void> {
    await this.#rynxs('log', 'verify', '--key', this.#verifierKey);
  }

  /** Writes what every replica has printed into a directory. */
  async keep(directory: string): Promise<void> {
    mkdirSync(directory, { recursive: true });
    for (const { name, output } of this.replicas) await writeFile(join(directory, `${name}.log`), output);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#made.disposeAsync();
  }

  async #rynxs(...args: readonly string[]): Promise<string> {
    const store = ['--store', `s3://${this.#bucket}/events`];
    const { code, stdout, stderr } = await runRynxs([...args, ...store], this.cluster.directory, {
      ...CREDENTIALS,
      S3_ENDPOINT: this.#s3.endpoint,
    });
    if (code === 0) return stdout;
    throw new Error(
      `rynxs ${args.slice(0, 2).join(' ')} ended with ${code}: ${stdout.slice(-1_000)}${stderr}`,
    );
  }
}

async function networkOf(cluster: RealCluster, name: string): Promise<ReplicaNetwork> {
  return whyNoNamespaces() === undefined
    ? await NamespaceNetwork.make(cluster.directory, name)
    : new SharedNetwork();
}

/** Those of a pod, or on a network that is shared two that are free. */
async function portsOf(network: ReplicaNetwork): Promise<{ metrics: number; health: number }> {
  if (network instanceof NamespaceNetwork) return { metrics: METRICS_PORT, health: HEALTH_PORT };
  return { metrics: await freePort(), health: await freePort() };
}
