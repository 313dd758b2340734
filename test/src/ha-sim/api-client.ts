import {
  type CacheOptions,
  type Cluster,
  ClusterError,
  type ClusterInfo,
  ForwardingCluster,
  type KubernetesObject,
  type Random,
  type RequestOptions,
  type ResourceCache,
  type ResourceType,
} from '@rynxs/kernel';
import { type Answer, Exchange, type FailureNames, type Fate } from '../sim/exchange.js';
import type { Scheduler } from '../sim/scheduler.js';
import type { SimulatedProcess } from '../sim/simulated-process.js';
import { LEASES } from './lease-edits.js';
import type { ObservedLeadership } from './observed-leadership.js';
import type { ApiWrite, Sender, SimulatedApi } from './simulated-api.js';
import { WatchedCache, type WatchParts } from './watched-cache.js';

/** What lies between a process and the API server. */
export interface ApiNetwork {
  readonly scheduler: Scheduler;
  readonly api: SimulatedApi;
  /** Decides what becomes of a request. */
  apiFate(process: string, kind: 'get' | 'put'): Fate;
  /** How long a message of a watch takes; undefined while a process is cut off. */
  watchDelayMs(process: string): number | undefined;
  trace(line: string): void;
}

const TIMEOUT_MS = 10_000;
/** How long a request waits for its slot at most; the Lease's have a connection of their own. */
const MAX_SLOT_WAIT_MS = 1_500;

/** The cluster's client of one process, with the rules of the real one: slot, then assertion, then the bytes at once. */
export class ApiClient extends ForwardingCluster {
  readonly #network: ApiNetwork;
  readonly #process: SimulatedProcess;
  readonly #random: Random;
  readonly #caches = new Map<string, WatchedCache>();
  #requests = 0;
  /** Whose assertions say which term a write belongs to. */
  leadership: ObservedLeadership | undefined;

  constructor(network: ApiNetwork, process: SimulatedProcess, random: Random) {
    super();
    this.#network = network;
    this.#process = process;
    this.#random = random;
  }

  override info(signal: AbortSignal): Promise<ClusterInfo> {
    return this.#read('info', { signal }, (server) => server.info(signal));
  }

  override get(...[resource, key, options]: Parameters<Cluster['get']>): Promise<KubernetesObject> {
    const what = `get ${resource.plural}/${key.name}`;
    return this.#read(what, options, (server, rest) => server.get(resource, key, rest), resource);
  }

  override list(...[resource, options]: Parameters<Cluster['list']>): Promise<readonly KubernetesObject[]> {
    const { namespace } = options;
    return this.#read(`list ${resource.plural}`, options, (server, rest) =>
      server.list(resource, { ...rest, ...(namespace === undefined ? {} : { namespace }) }),
    );
  }

  override create(...[resource, object, options]: Parameters<Cluster['create']>): Promise<KubernetesObject> {
    return this.#writeObject('create', resource, object, options);
  }

  override update(...[resource, object, options]: Parameters<Cluster['update']>): Promise<KubernetesObject> {
    return this.#writeObject('update', resource, object, options);
  }

  override updateStatus(
    ...[resource, object, options]: Parameters<Cluster['updateStatus']>
  ): Promise<KubernetesObject> {
    return this.#writeObject('updateStatus', resource, object, options);
  }

  override async delete(
    ...[resource, key, preconditions, options]: Parameters<Cluster['delete']>
  ): Promise<void> {
    await this.#write({ verb: 'delete', resource, key, preconditions }, options);
  }

  override cache(resource: ResourceType, options: CacheOptions = {}): ResourceCache {
    const key = `${resource.plural} ${options.namespace ?? ''} ${options.fieldSelector ?? ''}`;
    const known = this.#caches.get(key);
    if (known !== undefined) return known;
    const { scheduler, api } = this.#network;
    const process = this.#process;
    const parts: WatchParts = {
      scheduler,
      process,
      delayMs: () => this.#network.watchDelayMs(process.name),
    };
    const cache = new WatchedCache(resource, options, api.cluster.cache(resource), parts);
    this.#caches.set(key, cache);
    return cache;
  }

  protected override connected(): Cluster {
    return this.#network.api.cluster;
  }

  #read<T>(
    what: string,
    { signal, timeoutMs }: RequestOptions,
    serve: (server: Cluster, options: RequestOptions) => Promise<T>,
    resource?: ResourceType,
  ): Promise<T> {
    const { signal: served } = new AbortController();
    const options = { signal, ...(timeoutMs === undefined ? {} : { timeoutMs }) };
    return this.#request({ what, kind: 'get', resource }, options, () =>
      serve(this.#network.api.cluster, { signal: served }),
    );
  }

  async #writeObject(
    verb: 'create' | 'update' | 'updateStatus',
    resource: ResourceType,
    object: KubernetesObject,
    options: RequestOptions,
  ): Promise<KubernetesObject> {
    return (await this.#write({ verb, resource, object }, options)) as KubernetesObject;
  }

  #write(write: ApiWrite, options: RequestOptions): Promise<KubernetesObject | undefined> {
    const { verb, resource } = write;
    const { name } = write.verb === 'delete' ? write.key : write.object.metadata;
    const what = `${verb} ${resource.plural}/${name}`;
    return this.#request({ what, kind: 'put', resource }, options, (sender) =>
      this.#network.api.write(write, sender),
    );
  }

  async #request<T>(
    request: {
      readonly what: string;
      readonly kind: 'get' | 'put';
      readonly resource: ResourceType | undefined;
    },
    { signal, timeoutMs = TIMEOUT_MS, beforeSend = () => undefined }: RequestOptions,
    serve: (sender: Sender) => Promise<T>,
  ): Promise<T> {
    const { what, kind, resource } = request;
    if (resource?.plural !== LEASES.plural) await this.#slot(signal);
    if (signal.aborted) throw aborted(what, 'aborted', signal);
    const { leadership } = this;
    const tenure = leadership === undefined ? void beforeSend() : leadership.assertedBy(beforeSend);
    const { scheduler } = this.#network;
    const { name } = this.#process;
    const label = `${name}@${this.#requests++} ${what}`;
    const sender: Sender = { process: name, tenure, sentAt: scheduler.now, timeoutMs };
    const exchange = new Exchange<T>({
      scheduler,
      process: this.#process,
      timeoutMs,
      failures: failuresOf(kind),
      trace: (happened) => this.#network.trace(`${label}: ${happened}`),
    });
    exchange.send(this.#network.apiFate(name, kind), () => answerOf(serve(sender)));
    const onAbort = (): void => {
      exchange.end({ reason: aborted(what, kind === 'put' ? 'ambiguous' : 'aborted', signal) });
    };
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      return await exchange.answer;
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  /** Mostly there is a slot at once. */
  async #slot(signal: AbortSignal): Promise<void> {
    const waitMs = this.#random.next() ** 12 * MAX_SLOT_WAIT_MS;
    if (waitMs < 1) return;
    await this.#process.clock.sleep(waitMs, signal).catch(() => undefined);
  }
}

/** What the server has to say; an error of its own making is an answer, too. */
function answerOf<T>(served: Promise<T>): Promise<Answer<T>> {
  return served.then(
    (value) => ({ value }),
    (failure: Error) => ({ failure }),
  );
}

function failuresOf(kind: 'get' | 'put'): FailureNames {
  const reason = kind === 'put' ? 'ambiguous' : 'unavailable';
  return {
    silence: (detail, answered) => new ClusterError(reason, detail, answered ? 504 : undefined),
    refused: (as) =>
      as === 'throttled'
        ? new ClusterError('throttled', 'made to be throttled', 429, 1_000)
        : new ClusterError('unavailable', `made to be ${as}`),
  };
}

function aborted(
  what: string,
  reason: 'aborted' | 'ambiguous',
  { reason: cause }: AbortSignal,
): ClusterError {
  return new ClusterError(reason, `${what}: given up`, undefined, undefined, { cause });
}
