import { setTimeout as sleep } from 'node:timers/promises';
import agentSandbox from '@rynxs/agent-sandbox';
import clusterKubernetes from '@rynxs/cluster-kubernetes';
import { CLOCK, EVENT_STORE, type Operator, SystemClock, startOperator } from '@rynxs/kernel';
import {
  given,
  type MemoryStorage,
  memoryEventStore,
  startTestKernel,
  type TestKernel,
} from '@rynxs/kernel/testing';
import type { LogEvent } from '@rynxs/log';

const PAUSE_MS = 25;
const MOST_TRIES = 1_800;
const { signal } = new AbortController();

/** The operator in this process, on a cluster's API. */
export class LocalOperator {
  readonly events: LogEvent[] = [];
  readonly #kernel: TestKernel;
  readonly #operator: Operator;

  private constructor(kernel: TestKernel, operator: Operator) {
    this.#kernel = kernel;
    this.#operator = operator;
    operator.log.subscribe(({ event }) => this.events.push(event as LogEvent));
    kernel.leadership.grant();
  }

  /** `namespace` is where the operator keeps what is its own: the anchor of the log. */
  static async start(kubeconfig: string, storage: MemoryStorage, namespace: string): Promise<LocalOperator> {
    const kernel = await startTestKernel({
      plugins: [clusterKubernetes, agentSandbox],
      env: { KUBECONFIG: kubeconfig, POD_NAMESPACE: namespace },
      services: [given(CLOCK, new SystemClock()), given(EVENT_STORE, memoryEventStore(storage))],
    });
    return new LocalOperator(kernel, await startOperator(kernel, { signal }));
  }

  /** Types of the events of an object, by its aggregate id. */
  types(aggregateId: string): readonly string[] {
    return this.events.filter(({ aggregate_id: id }) => id === aggregateId).map(({ type }) => type);
  }

  async stop(): Promise<void> {
    await this.#operator.stop();
    await this.#kernel.stop();
  }
}

/** Waits until there is something to see; three quarters of a minute, as a kubelet waits ten seconds before it calls a crash a loop. */
export async function until<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
  for (let tries = 0; tries < MOST_TRIES; tries += 1) {
    const found = await look();
    if (found !== undefined) return found;
    await sleep(PAUSE_MS);
  }
  throw new Error(`it never came: ${what}`);
}
