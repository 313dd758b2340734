import type { KubernetesObject, ResourceType } from '@rynxs/kernel';
import type { JsonMap } from '@rynxs/log';
import { DEPLOYMENT, POD } from '../manifests/resource-types.js';
import type { OperatedCluster } from './operated-cluster.js';
import { podMetadata } from './pods.js';

const { signal } = new AbortController();
const options = { signal };

/** Stands for the controllers of Deployments and the kubelet: says what the test wants of the one pod of an Agent. */
export class SimulatedNode {
  readonly #cluster: OperatedCluster;
  readonly #name: string;

  /** `name` is that of the Agent, in the namespace `default`. */
  constructor(cluster: OperatedCluster, name: string) {
    this.#cluster = cluster;
    this.#name = name;
  }

  /** Makes the pod of the Deployment's template, running. */
  async start(): Promise<void> {
    const { api } = this.#cluster;
    const deployment = await this.#require(DEPLOYMENT, this.#name);
    const { template } = deployment.spec as { template: { spec: JsonMap } };
    const { uid: _, ...metadata } = podMetadata(this.#name);
    const pod = { apiVersion: 'v1', kind: 'Pod', metadata, spec: template.spec };
    await api.create(POD, pod, options);
    await this.report({ isReady: true });
    const { generation = 1 } = deployment.metadata;
    const status = { observedGeneration: generation + 1_000, updatedReplicas: 1 };
    await api.updateStatus(DEPLOYMENT, { ...deployment, status }, options);
  }

  /** Ends the pod, as the scaling down of its Deployment does. */
  async stop(): Promise<void> {
    await this.#cluster.delete(POD, `default/${this.#name}-1`);
  }

  /** What the kubelet says of the container. */
  async report({ isReady, container = {} }: { isReady: boolean; container?: JsonMap }): Promise<void> {
    const pod = await this.#require(POD, `${this.#name}-1`);
    const status = {
      phase: 'Running',
      conditions: [{ type: 'Ready', status: isReady ? 'True' : 'False' }],
      containerStatuses: [
        { name: 'agent', ready: isReady, restartCount: 0, imageID: 'registry/python@sha256:1', ...container },
      ],
    };
    await this.#cluster.api.updateStatus(POD, { ...pod, status }, options);
  }

  async #require(resource: ResourceType, name: string): Promise<KubernetesObject> {
    const found = await this.#cluster.find(resource, `default/${name}`);
    if (found === undefined) throw new Error(`no ${resource.kind} ${name}`);
    return found;
  }
}

/** A container that runs for a while and fails, again and again, with the delays of the kubelet in between. */
export class CrashLoop {
  readonly #node: SimulatedNode;
  readonly #runsForMs: number;
  #restarts = 0;
  #nextAtMs: number;
  #isRunning = true;

  constructor(node: SimulatedNode, runsForMs: number) {
    this.#node = node;
    this.#runsForMs = runsForMs;
    this.#nextAtMs = runsForMs;
  }

  get restarts(): number {
    return this.#restarts;
  }

  /** Says what there is to say at this time; to be called each second. */
  async at(elapsedMs: number, now: number): Promise<void> {
    if (elapsedMs < this.#nextAtMs) return;
    const finishedAt = new Date(now).toISOString().replace(/\.\d+Z$/, 'Z');
    const terminated = { exitCode: 1, reason: 'Error', finishedAt };
    if (this.#isRunning) {
      const delayMs = Math.min(300_000, 10_000 * 2 ** this.#restarts);
      const waiting = {
        reason: 'CrashLoopBackOff',
        message: `back-off ${delayMs / 1_000}s restarting failed container`,
      };
      const restartCount = this.#restarts;
      await this.#node.report({
        isReady: false,
        container: { restartCount, state: { waiting }, lastState: { terminated } },
      });
      this.#nextAtMs = elapsedMs + delayMs;
    } else {
      this.#restarts += 1;
      const container = { restartCount: this.#restarts, lastState: { terminated } };
      await this.#node.report({ isReady: true, container });
      this.#nextAtMs = elapsedMs + this.#runsForMs;
    }
    this.#isRunning = !this.#isRunning;
  }
}
