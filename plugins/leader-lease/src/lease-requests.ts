import { type Clock, type Cluster, ClusterError, type KubernetesObject, type Random } from '@rynxs/kernel';
import { LEASES, microTime, readLease } from './lease-record.js';
import type { LeaseKey } from './lease-view.js';
import type { LeaseTimings } from './timings.js';

/** In each retry period. */
const MAX_CALLS = 2;

export interface LeaseRequestParts {
  readonly cluster: Cluster;
  readonly clock: Clock;
  readonly random: Random;
  readonly key: LeaseKey;
  readonly timings: LeaseTimings;
}

/** The requests of one process for the Lease: no more than two in a retry period, each with its time-out. */
export class LeaseRequests {
  readonly #parts: LeaseRequestParts;
  /** When the last ones were sent. */
  #sentAt: readonly number[] = [];
  #stamps: number;

  constructor(parts: LeaseRequestParts) {
    this.#parts = parts;
    this.#stamps = Math.floor(parts.random.next() * 1_000);
  }

  /** A time for the record that no other attempt of this process has. */
  stamp(): string {
    this.#stamps += 1;
    return microTime(this.#parts.clock.now(), this.#stamps);
  }

  /** Waits until one more request may be made, and counts it. Returns whether it may; not when the signal has aborted. */
  async turn(signal: AbortSignal): Promise<boolean> {
    const { clock, timings } = this.#parts;
    for (;;) {
      if (signal.aborted) return false;
      const now = clock.monotonic();
      const [oldest = Number.NEGATIVE_INFINITY] = this.#sentAt;
      const waitMs = this.#sentAt.length < MAX_CALLS ? 0 : oldest + timings.retryPeriodMs - now;
      if (waitMs <= 0) {
        this.#sentAt = [...this.#sentAt, now].slice(-MAX_CALLS);
        return true;
      }
      await clock.sleep(waitMs, signal).catch((error: unknown) => {
        if (!signal.aborted) throw error;
      });
    }
  }

  /** The Lease as it is now; null when there is none. */
  async read(timeoutMs: number, signal: AbortSignal): Promise<KubernetesObject | null> {
    const { cluster, key } = this.#parts;
    try {
      return await cluster.get(LEASES, key, { signal, timeoutMs });
    } catch (error) {
      if (error instanceof ClusterError && error.reason === 'missing') return null;
      throw error;
    }
  }

  /** Creates it, or replaces the very version that `lease` was made from. Verifies that the answer is what was sent. */
  async write(lease: KubernetesObject, timeoutMs: number, signal: AbortSignal): Promise<KubernetesObject> {
    const { cluster } = this.#parts;
    const options = { signal, timeoutMs };
    const isNew = lease.metadata.resourceVersion === undefined;
    const answer = await (isNew
      ? cluster.create(LEASES, lease, options)
      : cluster.update(LEASES, lease, options));
    const [sent, stored] = [readLease(lease), readLease(answer)];
    if (sent.holder === stored.holder && sent.renewTime === stored.renewTime) return answer;
    throw new ClusterError('invalid', 'the API server has answered with another Lease than it was sent');
  }
}
