import { ForwardingCluster } from '../cluster/forwarding-cluster.js';
import type { Clock } from '../contracts/clock.js';
import {
  type Cluster,
  ClusterError,
  type KubernetesObject,
  type RequestOptions,
} from '../contracts/cluster.js';

/** As `RequestOptions` has it. */
const DEFAULT_TIMEOUT_MS = 10_000;

interface SentWrite {
  /** When its time-out is over, on the monotonic clock: so long it may still take effect. */
  readonly until: number;
}

/**
 * A cluster that knows which of the writes sent through it may still take effect: a write that is given up (aborted, reset)
 * is on its way nevertheless. Who says that it acts no more waits for these first.
 */
export class WatchedWrites extends ForwardingCluster {
  readonly #cluster: Cluster;
  readonly #clock: Clock;
  readonly #sent = new Set<SentWrite>();
  #answered = Promise.withResolvers<void>();

  constructor(cluster: Cluster, clock: Clock) {
    super();
    this.#cluster = cluster;
    this.#clock = clock;
  }

  override create(...[resource, object, options]: Parameters<Cluster['create']>): Promise<KubernetesObject> {
    return this.#write(options, (watched) => this.#cluster.create(resource, object, watched));
  }

  override update(...[resource, object, options]: Parameters<Cluster['update']>): Promise<KubernetesObject> {
    return this.#write(options, (watched) => this.#cluster.update(resource, object, watched));
  }

  override updateStatus(
    ...[resource, object, options]: Parameters<Cluster['updateStatus']>
  ): Promise<KubernetesObject> {
    return this.#write(options, (watched) => this.#cluster.updateStatus(resource, object, watched));
  }

  override delete(...[resource, key, preconditions, options]: Parameters<Cluster['delete']>): Promise<void> {
    return this.#write(options, (watched) => this.#cluster.delete(resource, key, preconditions, watched));
  }

  /**
   * Resolves when every write that was sent is answered, or its time-out is over; or when `signal` aborts. Takes no time
   * where nothing hangs.
   */
  async settled(signal: AbortSignal): Promise<void> {
    while (this.#forget() && !signal.aborted) {
      const leftMs = Math.max(...[...this.#sent].map(({ until }) => until)) - this.#clock.monotonic();
      const enough = new AbortController();
      const either = AbortSignal.any([enough.signal, signal]);
      const timedOut = this.#clock.sleep(Math.ceil(leftMs), either).catch(() => undefined);
      await Promise.race([this.#answered.promise, timedOut]);
      enough.abort();
    }
  }

  protected override connected(): Cluster {
    return this.#cluster;
  }

  async #write<T>(options: RequestOptions, send: (options: RequestOptions) => Promise<T>): Promise<T> {
    const { timeoutMs = DEFAULT_TIMEOUT_MS } = options;
    let write: SentWrite | undefined;
    const beforeSend = (): void => {
      options.beforeSend?.();
      this.#forget();
      write = { until: this.#clock.monotonic() + timeoutMs };
      this.#sent.add(write);
    };
    try {
      const answer = await send({ ...options, beforeSend });
      this.#settle(write);
      return answer;
    } catch (error) {
      const isOnItsWay = error instanceof ClusterError && error.reason === 'ambiguous';
      if (!isOnItsWay) this.#settle(write);
      throw error;
    }
  }

  /** Leaves out those whose time is over; returns whether there are others. */
  #forget(): boolean {
    const now = this.#clock.monotonic();
    for (const write of this.#sent) if (write.until <= now) this.#sent.delete(write);
    return this.#sent.size > 0;
  }

  #settle(write: SentWrite | undefined): void {
    if (write === undefined) return;
    this.#sent.delete(write);
    this.#answered.resolve();
    this.#answered = Promise.withResolvers();
  }
}
