import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  CLUSTER,
  EVENT_STORE,
  type KubernetesObject,
  type Operator,
  RECONCILER,
  type ReplayResult,
  type ResourceType,
  replayLog,
  startOperator,
} from '@rynxs/kernel';
import {
  given,
  type MemoryCluster,
  MemoryStorage,
  memoryEventStore,
  startTestKernel,
  type TestKernel,
} from '@rynxs/kernel/testing';
import type { JsonMap, LogEvent } from '@rynxs/log';
import { AGENT } from '../definition.js';
import { DEPLOYMENT, POD } from '../manifests/resource-types.js';
import plugin from '../plugin.js';
import type { AgentState } from '../state.js';
import { admittedPod } from './pods.js';

const { signal } = new AbortController();
const options = { signal };
const MAX_TURNS = 4_000;
const TURNS_TO_REST = 12;

/** A cluster in memory in which the operator with this plugin works, and its log. */
export class OperatedCluster implements AsyncDisposable {
  readonly events: LogEvent[] = [];
  /** What is in the cluster, and what was asked of it. */
  readonly api: MemoryCluster;
  kernel: TestKernel;
  readonly #storage: MemoryStorage;
  #operator: Operator | undefined;

  private constructor(kernel: TestKernel, storage: MemoryStorage) {
    this.kernel = kernel;
    this.api = kernel.cluster;
    this.#storage = storage;
  }

  /** `prepare` is called before the operator starts. */
  static async start(prepare?: (cluster: OperatedCluster) => Promise<void>): Promise<OperatedCluster> {
    const storage = new MemoryStorage();
    const services = [given(EVENT_STORE, memoryEventStore(storage))];
    const made = new OperatedCluster(await startTestKernel({ plugins: [plugin], services }), storage);
    await prepare?.(made);
    await made.#operate();
    return made;
  }

  async #operate(): Promise<void> {
    const operator = await startOperator(this.kernel, { signal });
    operator.log.subscribe(({ event }) => this.events.push(event as LogEvent));
    this.#operator = operator;
    this.kernel.leadership.grant();
  }

  get projection(): Operator['projection'] {
    if (this.#operator === undefined) throw new Error('the operator was not started');
    return this.#operator.projection;
  }

  /** Ends the operator, and starts another one that takes up its log, in the same cluster and at the same time. */
  async restart(): Promise<void> {
    const now = this.kernel.clock.now();
    await this.#operator?.stop();
    await this.kernel.stop();
    const services = [given(EVENT_STORE, memoryEventStore(this.#storage)), given(CLUSTER, this.api)];
    this.kernel = await startTestKernel({ plugins: [plugin], services });
    this.kernel.clock.setWallClock(now);
    await this.#operate();
  }

  /** Moves time on in steps, in each of which `each` is called and then everything comes to rest. */
  async pass(ms: number, each?: (step: number) => Promise<void>, stepMs = 1_000): Promise<void> {
    for (let step = 0; step < ms / stepMs; step += 1) {
      await each?.(step);
      await this.rest();
      await this.kernel.clock.advance(stepMs);
    }
    await this.rest();
  }

  /** Lets everything run that waits for no time to pass. */
  async rest(): Promise<void> {
    for (let turn = 0; turn < TURNS_TO_REST; turn += 1) await nextTurn();
  }

  /** Creates the object or gives it another spec. `name` is `namespace/name`, or a name alone for cluster-scoped ones. */
  async apply(resource: ResourceType, name: string, spec: JsonMap): Promise<void> {
    const { api } = this;
    const metadata = keyOf(name);
    const live = await this.find(resource, name);
    const apiVersion = `${resource.group}/${resource.version}`;
    if (live === undefined)
      await api.create(resource, { apiVersion, kind: resource.kind, metadata, spec }, options);
    else await api.update(resource, { ...live, spec }, options).catch(() => this.apply(resource, name, spec));
  }

  async delete(resource: ResourceType, name: string): Promise<void> {
    const live = await this.find(resource, name);
    if (live === undefined) return;
    const { uid = '', resourceVersion = '' } = live.metadata;
    const preconditions = { uid, resourceVersion };
    await this.api
      .delete(resource, keyOf(name), preconditions, options)
      .catch(() => this.delete(resource, name));
  }

  /** Plays the node: the pod of the Agent runs, and the operator sees it for as long as readiness has to last. */
  async makeReady(name: string): Promise<void> {
    const { api } = this;
    const deployment = await this.until(DEPLOYMENT, name, (object) => object !== undefined);
    if (deployment === undefined) return;
    const { namespace = '', name: agent, generation = 0 } = deployment.metadata;
    const status = { observedGeneration: generation, updatedReplicas: 1 };
    await api.updateStatus(DEPLOYMENT, { ...deployment, status }, options);
    const state = this.projection.get(`${AGENT.plural}/${name}`)?.state as AgentState;
    if (state.computer === undefined) throw new Error(`${name} has no computer`);
    const pod = admittedPod(state.computer);
    const made = await api.create(POD, { ...pod, metadata: { ...pod.metadata, namespace } }, options);
    await api.updateStatus(POD, { ...made, status: pod.status }, options);
    await this.until(AGENT, name, (object) => (object?.status as JsonMap | undefined)?.phase === 'Running');
    await this.kernel.clock.advance(30_000);
    const id = `${AGENT.plural}/${namespace}/${agent}`;
    await this.recorded((event) => event.type === 'AgentReady' && event.aggregate_id === id);
  }

  async find(resource: ResourceType, name: string): Promise<KubernetesObject | undefined> {
    return this.api.get(resource, keyOf(name), options).catch(() => undefined);
  }

  /** Waits for the object to be as the condition wants it; undefined is given for one that is not there. */
  async until(
    resource: ResourceType,
    name: string,
    condition: (object: KubernetesObject | undefined) => boolean,
  ): Promise<KubernetesObject | undefined> {
    let object: KubernetesObject | undefined;
    for (let turn = 0; turn < MAX_TURNS; turn += 1) {
      object = await this.find(resource, name);
      if (condition(object)) return object;
      await nextTurn();
    }
    throw new Error(
      `${resource.kind} ${name} is not so: ${condition}, but ${JSON.stringify(object?.status)}`,
    );
  }

  /** Waits until something is on the record. */
  async recorded(condition: (event: LogEvent) => boolean): Promise<LogEvent> {
    for (let turn = 0; turn < MAX_TURNS; turn += 1) {
      const event = this.events.find(condition);
      if (event !== undefined) return event;
      await nextTurn();
    }
    throw new Error(`it was not recorded: ${condition}`);
  }

  /** Stops the operator, and computes every decision again. */
  async replay(): Promise<ReplayResult> {
    await this.#operator?.stop();
    const reconcilers = this.kernel.getAll(RECONCILER);
    return replayLog({ chunks: memoryEventStore(this.#storage).read(0, signal), reconcilers });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#operator?.stop();
    await this.kernel.stop();
  }
}

function keyOf(name: string): { readonly namespace?: string; readonly name: string } {
  const [first = '', second] = name.split('/');
  return second === undefined ? { name: first } : { namespace: first, name: second };
}
