import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import agentSandbox, { AGENT, definitions } from '@rynxs/agent-sandbox';
import clusterKubernetes from '@rynxs/cluster-kubernetes';
import { type EmbeddedClusterServer, startEmbeddedCluster } from '@rynxs/dev-cluster';
import {
  type ActionsDecided,
  CLOCK,
  CLUSTER,
  type Cluster,
  ClusterError,
  compareCluster,
  type KubernetesObject,
  type ObjectObserved,
  payloadOf,
  RECONCILER,
  type Reconciler,
  type ReplayResult,
  type ResourceType,
  replayLog,
  SystemClock,
} from '@rynxs/kernel';
import { given, seededRandom, startTestKernel, type TestKernel } from '@rynxs/kernel/testing';
import { ChainVerifier, type LogEvent } from '@rynxs/log';
import { FileEventStore } from '@rynxs/store-file';
import { expect } from 'chai';

const KILLS = process.env.RYNXS_TEST_THOROUGH === '1' ? 50 : 15;
const AGENTS = 6;
const main = fileURLToPath(new URL('../../cli/dist/main.js', import.meta.url));
const { signal } = new AbortController();
const options = { signal };
const DEFINITIONS: ResourceType = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  kind: 'CustomResourceDefinition',
  plural: 'customresourcedefinitions',
  namespaced: false,
};

/** An operator in a process of its own, on a log and a cluster that outlive it. */
class OperatorProcess {
  readonly #child: ChildProcess;
  #stderr = '';

  constructor(env: Record<string, string>) {
    this.#child = spawn(process.execPath, [main, 'start'], { env, stdio: ['ignore', 'ignore', 'pipe'] });
    this.#child.stderr?.on('data', (chunk: Buffer) => {
      this.#stderr = (this.#stderr + chunk.toString()).slice(-4_000);
    });
  }

  /** Resolves when the log has grown beyond `bytes`: the term has begun. Rejects when the process ends before. */
  async working(log: string, bytes: number): Promise<void> {
    for (;;) {
      if ((await sizeOf(log)) > bytes) return;
      if (this.#child.exitCode !== null || this.#child.signalCode !== null)
        throw new Error(`the operator ended by itself: ${this.#stderr}`);
      await sleep(2);
    }
  }

  async end(how: 'SIGKILL' | 'SIGTERM'): Promise<number | null> {
    const { exitCode, signalCode } = this.#child;
    if (exitCode === null && signalCode === null) {
      const exited = once(this.#child, 'exit');
      this.#child.kill(how);
      await exited;
    }
    return this.#child.exitCode;
  }

  get stderr(): string {
    return this.#stderr;
  }
}

async function sizeOf(file: string): Promise<number> {
  return (await stat(file).catch(() => ({ size: 0 }))).size;
}

describe('an operator that is killed', () => {
  let directory: string;
  let server: EmbeddedClusterServer;
  let kernel: TestKernel;
  let cluster: Cluster;
  let env: Record<string, string>;
  let operator: OperatorProcess | undefined;
  const seed = Number(process.env.RYNXS_TEST_SEED ?? Math.floor(Math.random() * 2 ** 31));
  const random = seededRandom(seed);
  const pick = (count: number) => Math.floor(random.next() * count);

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'rynxs-crash-'));
    server = await startEmbeddedCluster();
    await writeFile(join(directory, 'kubeconfig'), server.kubeconfig);
    env = {
      PATH: process.env.PATH ?? '',
      KUBECONFIG: join(directory, 'kubeconfig'),
      LOG_DIR: join(directory, 'logs'),
      TELEMETRY_TYPE: 'none',
      LOG_LEVEL: 'warn',
    };
    kernel = await startTestKernel({
      plugins: [clusterKubernetes],
      env: { KUBECONFIG: join(directory, 'kubeconfig') },
      services: [given(CLOCK, new SystemClock())],
    });
    cluster = kernel.get(CLUSTER);
    for (const definition of definitions) await cluster.create(DEFINITIONS, definition, options);
  });
  after(async () => {
    await operator?.end('SIGKILL');
    await kernel.stop();
    await server.close();
    await rm(directory, { recursive: true });
  });

  const log = () => join(env.LOG_DIR ?? '', 'operator-events.log');
  const agent = (name: string): KubernetesObject => ({
    apiVersion: 'universe.ai/v1alpha1',
    kind: 'Agent',
    metadata: { name, namespace: 'default' },
    spec: { role: 'sandbox', image: `image:${pick(1_000)}` },
  });

  /** Creates, changes or deletes an agent, or changes one of its children by hand. */
  async function disturb(): Promise<void> {
    const key = { namespace: 'default', name: `agent-${pick(AGENTS)}` };
    try {
      const live = await cluster.get(AGENT, key, options);
      switch (pick(4)) {
        case 0: {
          const { uid = '', resourceVersion = '' } = live.metadata;
          await cluster.delete(AGENT, key, { uid, resourceVersion }, options);
          break;
        }
        case 1: {
          const deployments = {
            ...AGENT,
            group: 'apps',
            version: 'v1',
            kind: 'Deployment',
            plural: 'deployments',
          };
          const deployment = await cluster.get(deployments, key, options);
          const spec = { ...(deployment.spec as object), replicas: 5 };
          await cluster.update(deployments, { ...deployment, spec }, options);
          break;
        }
        default:
          await cluster.update(AGENT, { ...live, spec: agent(key.name).spec }, options);
      }
    } catch (error) {
      if (!(error instanceof ClusterError)) throw error;
      if (error.reason === 'missing') {
        await cluster.create(AGENT, agent(key.name), options).catch((failure: unknown) => {
          // The name of the agent is free, or the operator's child of the same name is what was missing.
          if (!(failure instanceof ClusterError && failure.reason === 'exists')) throw failure;
        });
      } else if (error.reason !== 'conflict') {
        throw error;
      }
    }
  }

  async function replay(): Promise<ReplayResult> {
    const store = new FileEventStore({ dir: env.LOG_DIR ?? '' });
    try {
      const reconcilers = [await reconciler()];
      return await replayLog({ chunks: store.read(0, signal), reconcilers });
    } finally {
      await store.close();
    }
  }

  async function reconciler(): Promise<Reconciler> {
    await using agents = await startTestKernel({ plugins: [agentSandbox] });
    const [made] = agents.getAll(RECONCILER);
    if (made === undefined) throw new Error('the plugin has no reconciler');
    return made;
  }

  /** What the log says of decided children, by owner, and of commits that were cut in two. */
  async function readHistory(): Promise<{
    readonly decided: ReadonlySet<string>;
    readonly droppedTails: number;
  }> {
    const { owns } = await reconciler();
    const uids = new Map<string, string>();
    const decided = new Set<string>();
    let droppedTails = 0;
    const onRecord = ({ event }: { readonly event: LogEvent }) => {
      const id = event.aggregate_id;
      if (event.type === 'TailDropped') droppedTails += 1;
      if (event.type === 'AgentObserved') uids.set(id, payloadOf<ObjectObserved>(event).uid);
      if (event.type !== 'ActionsDecided') return;
      for (const { kind } of payloadOf<ActionsDecided>(event).actions) {
        const plural = owns.find((type) => type.kind === kind)?.plural;
        decided.add(`${plural} of ${uids.get(id)}`);
      }
    };
    const verifier = new ChainVerifier({ onRecord });
    verifier.push(await readFile(log()));
    verifier.finish();
    return { decided, droppedTails };
  }

  async function isConverged(): Promise<boolean> {
    for (const live of await cluster.list(AGENT, options)) {
      const status = live.status as { observedGeneration?: number } | undefined;
      if (status?.observedGeneration !== live.metadata.generation) return false;
    }
    const { projection } = await replay();
    return (await compareCluster(projection, cluster, signal)).differences.length === 0;
  }

  it(`${KILLS} times at random points loses nothing, doubles nothing and converges (seed ${seed})`, async function () {
    this.timeout(180_000);
    // Nobody deletes children here, so each may come into being once for an owner.
    const created = new Map<string, number>();
    const { owns } = await reconciler();
    using _ = server.storage.follow(undefined, ({ type, resource, object }) => {
      const owner = object.metadata.ownerReferences?.[0]?.uid;
      // The anchor of the log is the operator's own.
      if (object.metadata.namespace === 'kube-system') return;
      if (type !== 'ADDED' || !owns.some(({ plural }) => plural === resource.plural)) return;
      const child = `${resource.plural} of ${owner}`;
      created.set(child, (created.get(child) ?? 0) + 1);
    });

    for (let kill = 0; kill < KILLS; kill += 1) {
      const before = await sizeOf(log());
      operator = new OperatorProcess(env);
      const disturbing = (async () => {
        for (let change = 0; change < 4; change += 1) await disturb();
      })();
      await operator.working(log(), before);
      await sleep(pick(120));
      await operator.end('SIGKILL');
      operator = undefined;
      await disturbing;
    }

    const before = await sizeOf(log());
    const last = new OperatorProcess(env);
    operator = last;
    await last.working(log(), before);
    const deadline = performance.now() + 30_000;
    while (!(await isConverged())) {
      if (performance.now() > deadline) throw new Error(`no convergence: ${last.stderr}`);
      await sleep(200);
    }
    expect(await last.end('SIGTERM'), last.stderr).to.equal(0);
    operator = undefined;

    const result = await replay();
    expect(result.differences).to.deep.equal([]);
    // A kill may have cut the commit that opened a term in two: then recovery has moved it aside, on the record.
    const history = await readHistory();
    expect(result.epochs).to.be.within(KILLS + 1 - history.droppedTails, KILLS + 1);
    expect(
      [...created.keys()].filter((child) => !history.decided.has(child)),
      'off the record',
    ).to.deep.equal([]);
    expect([...created].filter(([, times]) => times > 1)).to.deep.equal([]);
    expect(await readFile(log(), 'utf8')).to.match(/"type":"EpochEnded"[^\n]*\n$/);
  });
});
