import {
  CLUSTER,
  type Cluster,
  ClusterError,
  type KubernetesObject,
  type OperatorPlace,
  type RynxsError,
  rynxsError,
} from '@rynxs/kernel';
import { LEASES, leaseName } from '@rynxs/leader-lease';
import { startClientKernel } from '../cluster/client-kernel.js';
import { chosenKubeconfig } from '../cluster/kubeconfig.js';
import type { Terminal } from '../terminal/terminal.js';
import { withKernel } from '../with-kernel.js';

/** Where the operators are. */
export interface LeasePlace {
  /** Default: POD_NAMESPACE. */
  readonly namespace?: string;
  readonly kubeconfig?: string;
}

/** The Lease that operators lead by, as a client sees it from outside. Every method throws ClusterError. */
export class LeaderLease {
  readonly #cluster: Cluster;
  readonly #namespace: string;
  readonly #name: string;

  constructor(cluster: Cluster, { namespace, shard }: OperatorPlace) {
    this.#cluster = cluster;
    this.#namespace = namespace;
    this.#name = leaseName(shard);
  }

  /** `kube-system/rynxs-operator-leader`. */
  get name(): string {
    return `${this.#namespace}/${this.#name}`;
  }

  /** The Lease as it is now; undefined where there is none. */
  async read(signal: AbortSignal): Promise<KubernetesObject | undefined> {
    try {
      return await this.#cluster.get(LEASES, { namespace: this.#namespace, name: this.#name }, { signal });
    } catch (error) {
      if (error instanceof ClusterError && error.reason === 'missing') return undefined;
      throw error;
    }
  }

  /** Writes a Lease that was read; `conflict` when it has changed since. */
  update(lease: KubernetesObject, signal: AbortSignal): Promise<KubernetesObject> {
    return this.#cluster.update(LEASES, lease, { signal });
  }

  /** The error for a Lease that nobody holds, or that is not there. */
  unheld(lease: KubernetesObject | undefined): RynxsError {
    const detail =
      lease === undefined
        ? `there is no Lease ${this.name}`
        : `the Lease ${this.name} was released, and nobody has taken it yet`;
    return rynxsError('RYNXS_LEADER_NONE', { detail });
  }
}

/**
 * Does `work` with the Lease of a cluster. Throws RYNXS_CLUSTER_REQUEST, with `what` the cluster did not do, when the
 * cluster refuses or does not answer.
 */
export async function withLeaderLease<T>(
  place: LeasePlace,
  what: string,
  terminal: Terminal,
  work: (lease: LeaderLease) => Promise<T>,
): Promise<T> {
  const started = await startClientKernel(chosenKubeconfig(place.kubeconfig, terminal), terminal);
  try {
    return await withKernel(started, (kernel) => {
      const { namespace, shard } = kernel.settings;
      return work(new LeaderLease(kernel.get(CLUSTER), { namespace: place.namespace ?? namespace, shard }));
    });
  } catch (cause) {
    terminal.interrupted.throwIfAborted();
    if (!(cause instanceof ClusterError)) throw cause;
    throw rynxsError('RYNXS_CLUSTER_REQUEST', { what, detail: cause.message }, { cause });
  }
}
