import agentSandbox from '@rynxs/agent-sandbox';
import clusterKubernetes from '@rynxs/cluster-kubernetes';
import { CLOCK, EVENT_STORE, type Operator, SystemClock, startOperator } from '@rynxs/kernel';
import {
  given,
  MemoryStorage,
  memoryEventStore,
  startTestKernel,
  type TestKernel,
} from '@rynxs/kernel/testing';
import leaderLease from '@rynxs/leader-lease';
import { ELECTION, OPERATOR_NAMESPACE } from './operator-run.js';

const { signal } = new AbortController();

/**
 * The operator in this process, with a log of its own in memory, as a user who may not do everything. It may not even
 * start: what it says of that counts as well.
 */
export class RefusedOperator implements AsyncDisposable {
  #kernel: TestKernel | undefined;
  #operator: Operator | undefined;
  #failure: unknown;

  /** As one of several replicas, which need a Lease, or alone. */
  static async start(
    kubeconfig: string,
    { isReplica }: { readonly isReplica: boolean },
  ): Promise<RefusedOperator> {
    const operator = new RefusedOperator();
    try {
      await operator.#start(kubeconfig, isReplica);
    } catch (error) {
      operator.#failure = error;
    }
    return operator;
  }

  /** Each line that it has logged, and why it did not start. */
  get said(): readonly string[] {
    const lines = this.#kernel?.log.lines.map((line) => JSON.stringify(line)) ?? [];
    return [...lines, ...messagesOf(this.#failure)];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#operator?.stop();
    await this.#kernel?.stop();
  }

  async #start(kubeconfig: string, isReplica: boolean): Promise<void> {
    const kernel = await startTestKernel({
      plugins: [clusterKubernetes, agentSandbox, ...(isReplica ? [leaderLease] : [])],
      env: { ...(isReplica ? ELECTION : {}), KUBECONFIG: kubeconfig, POD_NAMESPACE: OPERATOR_NAMESPACE },
      services: [given(CLOCK, new SystemClock()), given(EVENT_STORE, memoryEventStore(new MemoryStorage()))],
    });
    this.#kernel = kernel;
    this.#operator = await startOperator(kernel, { signal });
    if (!isReplica) kernel.leadership.grant();
  }
}

/** What an error says, with its causes and with those that it holds. */
function messagesOf(error: unknown): readonly string[] {
  if (!(error instanceof Error)) return [];
  const held = 'errors' in error && Array.isArray(error.errors) ? error.errors : [];
  return [error.message, ...[error.cause, ...held].flatMap(messagesOf)];
}
