import {
  type Cluster,
  ClusterError,
  ForwardingCluster,
  type KubernetesObject,
  type RequestOptions,
  type ResourceCache,
} from '@rynxs/kernel';
import { type FakeClock, MemoryCache, type MemoryCluster } from '@rynxs/kernel/testing';
import { LEASES } from '../lease-record.js';

/** A request for the Lease, as the process has sent it. */
export interface SentRequest {
  readonly verb: 'get' | 'create' | 'update';
  readonly atMs: number;
  readonly timeoutMs: number;
}

/** What becomes of a request. Times in milliseconds; what is not there is at once. */
export interface Fate {
  /** It does not arrive. */
  readonly isLost?: boolean;
  /** It arrives, but its answer does not. */
  readonly isAnswerLost?: boolean;
  readonly arrivesAfterMs?: number;
  readonly answeredAfterMs?: number;
  /** It is refused. */
  readonly refusal?: ClusterError;
}

/** One process's way to the API of a cluster in memory, which a test makes bad. */
export class LeaseNetwork extends ForwardingCluster {
  readonly sent: SentRequest[] = [];
  /** Decides about each request; until it is set, all goes well. */
  fate: (request: SentRequest) => Fate = () => ({});
  readonly #cluster: MemoryCluster;
  readonly #clock: FakeClock;
  readonly #isWatching: boolean;
  /** What it sees when it does not watch: nothing, but for what a test lets it `receive`. */
  readonly unanswered = new UnansweredCache();

  constructor(cluster: MemoryCluster, clock: FakeClock, { isWatching = true } = {}) {
    super();
    this.#cluster = cluster;
    this.#clock = clock;
    this.#isWatching = isWatching;
  }

  /** Cuts the process off: nothing of what it sends arrives. */
  cut(): void {
    this.fate = () => ({ isLost: true });
  }

  override get(...[resource, key, options]: Parameters<Cluster['get']>): Promise<KubernetesObject> {
    return this.#send('get', options, () => this.#cluster.get(resource, key, NO_LIMITS));
  }

  override create(...[resource, object, options]: Parameters<Cluster['create']>): Promise<KubernetesObject> {
    return this.#send('create', options, () => this.#cluster.create(resource, object, NO_LIMITS));
  }

  override update(...[resource, object, options]: Parameters<Cluster['update']>): Promise<KubernetesObject> {
    return this.#send('update', options, () => this.#cluster.update(resource, object, NO_LIMITS));
  }

  override cache(...[resource]: Parameters<Cluster['cache']>): ResourceCache {
    return this.#isWatching ? this.#cluster.cache(resource) : this.unanswered;
  }

  protected override connected(): Cluster {
    return this.#cluster;
  }

  #send(
    verb: SentRequest['verb'],
    { signal, timeoutMs = 10_000 }: RequestOptions,
    serve: () => Promise<KubernetesObject>,
  ): Promise<KubernetesObject> {
    const request = { verb, atMs: this.#clock.monotonic(), timeoutMs };
    this.sent.push(request);
    const { promise, resolve, reject } = Promise.withResolvers<KubernetesObject>();
    const giveUp = () => reject(new ClusterError('ambiguous', `${verb}: sent, but no answer came`));
    const timer = this.#clock.schedule(timeoutMs, giveUp);
    signal.addEventListener('abort', giveUp, { once: true });
    const settle = () => {
      timer[Symbol.dispose]();
      signal.removeEventListener('abort', giveUp);
    };
    promise.then(settle, settle);
    const { isLost, isAnswerLost, arrivesAfterMs = 0, answeredAfterMs = 0, refusal } = this.fate(request);
    const answer = (give: () => void) => {
      if (isAnswerLost !== true) this.#later(answeredAfterMs, give);
    };
    if (refusal !== undefined) answer(() => reject(refusal));
    else if (isLost !== true) {
      this.#later(arrivesAfterMs, () => {
        serve().then(
          (object) => answer(() => resolve(object)),
          (error: unknown) => answer(() => reject(error)),
        );
      });
    }
    return promise;
  }

  #later(ms: number, what: () => void): void {
    if (ms === 0) what();
    else this.#clock.schedule(ms, what);
  }
}

const NO_LIMITS: RequestOptions = { signal: new AbortController().signal };

/** The cache of a watch that never gets an answer. */
class UnansweredCache extends MemoryCache {
  override readonly hasSynced = false;

  constructor() {
    super(LEASES, new Map());
  }

  override synced(): Promise<void> {
    return new Promise(() => undefined);
  }
}
