import type { Clock, Cluster, KubernetesObject, ResourceCache } from '@rynxs/kernel';
import { LEASES } from './lease-record.js';

export interface LeaseKey {
  readonly namespace: string;
  readonly name: string;
}

/**
 * What this process has seen of the Lease, by its watch and by its own requests, and since when on the process's own
 * monotonic clock it has seen it unchanged. The holder's clock is never asked.
 */
export class LeaseView implements Disposable {
  readonly #clock: Clock;
  readonly #key: LeaseKey;
  readonly #cache: ResourceCache;
  readonly #watching: Disposable;
  readonly #listeners = new Set<() => void>();
  readonly #ended = new AbortController();
  #lease: KubernetesObject | null | undefined;
  #fingerprint = '';
  #unchangedSince = 0;
  #heardAt: number;

  constructor(cluster: Cluster, clock: Clock, key: LeaseKey) {
    this.#clock = clock;
    this.#key = key;
    this.#heardAt = clock.monotonic();
    const { namespace, name } = key;
    this.#cache = cluster.cache(LEASES, { namespace, fieldSelector: `metadata.name=${name}` });
    this.#watching = this.#cache.subscribe(({ type, object: { metadata } }) => {
      if (metadata.namespace === namespace && metadata.name === name) this.#heed(type === 'deleted');
    });
    this.#cache.synced(this.#ended.signal).then(
      () => this.#heed(false),
      // Without a watch the Lease is asked for; that the view or the cluster was closed is no failure.
      () => undefined,
    );
  }

  /** The newest that was seen: null when there is none, undefined before anything was seen. */
  get lease(): KubernetesObject | null | undefined {
    return this.#lease;
  }

  /** For how long nobody has been seen to claim it anew, in milliseconds. Labels and annotations claim nothing. */
  get unchangedMs(): number {
    return this.#clock.monotonic() - this.#unchangedSince;
  }

  /** How long ago the server told anything of it, in milliseconds; or since when it has been watched. */
  get silentMs(): number {
    return this.#clock.monotonic() - this.#heardAt;
  }

  /** Takes what a request has told; null when there is no Lease. */
  see(lease: KubernetesObject | null): void {
    const now = this.#clock.monotonic();
    const fingerprint = JSON.stringify(lease === null ? null : [lease.metadata.uid, lease.spec]);
    if (this.#lease === undefined || fingerprint !== this.#fingerprint) this.#unchangedSince = now;
    this.#lease = lease;
    this.#fingerprint = fingerprint;
    this.#heardAt = now;
    for (const listener of this.#listeners) listener();
  }

  /** Calls `listener` whenever something was seen. */
  onNews(listener: () => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  [Symbol.dispose](): void {
    this.#watching[Symbol.dispose]();
    this.#ended.abort();
    this.#listeners.clear();
  }

  /** The cache has changed. Before its first list it knows only what it was told of. */
  #heed(isDeleted: boolean): void {
    const cached = this.#cache.get(this.#key);
    if (cached !== undefined) this.see(cached);
    else if (isDeleted || this.#cache.hasSynced) this.see(null);
  }
}
