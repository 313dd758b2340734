import {
  type Cluster,
  ClusterError,
  ForwardingCluster,
  type KubernetesObject,
  type Random,
} from '@rynxs/kernel';
import type { Scheduler } from './scheduler.js';
import type { SimulatedProcess } from './simulated-process.js';

export interface ClusterNetwork {
  readonly scheduler: Scheduler;
  readonly random: Random;
  /** How likely one message is lost. */
  lost(): number;
  /** Called with each object as soon as it is written. */
  written(object: KubernetesObject): void;
}

const TIMEOUT_MS = 5_000;

/** A cluster's API as one process sees it across a network that delays and loses: as much of it as an anchor needs. */
export class SimulatedCluster extends ForwardingCluster {
  readonly #cluster: Cluster;
  readonly #process: SimulatedProcess;
  readonly #network: ClusterNetwork;

  constructor(cluster: Cluster, process: SimulatedProcess, network: ClusterNetwork) {
    super();
    this.#cluster = cluster;
    this.#process = process;
    this.#network = network;
  }

  override get(...[resource, key, options]: Parameters<Cluster['get']>): Promise<KubernetesObject> {
    options.signal.throwIfAborted();
    return this.#across(() => this.#cluster.get(resource, key, options));
  }

  override create(...[resource, object, options]: Parameters<Cluster['create']>): Promise<KubernetesObject> {
    const { beforeSend, ...rest } = options;
    beforeSend?.();
    return this.#across(() => this.#write(() => this.#cluster.create(resource, object, rest)));
  }

  override update(...[resource, object, options]: Parameters<Cluster['update']>): Promise<KubernetesObject> {
    const { beforeSend, ...rest } = options;
    beforeSend?.();
    return this.#across(() => this.#write(() => this.#cluster.update(resource, object, rest)));
  }

  protected override connected(): Cluster {
    return this.#cluster;
  }

  async #write(write: () => Promise<KubernetesObject>): Promise<KubernetesObject> {
    const object = await write();
    this.#network.written(object);
    return object;
  }

  /** A request that has been sent arrives, if it does, also when its process has died. */
  #across<T>(serve: () => Promise<T>): Promise<T> {
    const { scheduler, random } = this.#network;
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const silence = new ClusterError('unavailable', `no answer within ${TIMEOUT_MS} ms`);
    const timeout = this.#process.clock.schedule(TIMEOUT_MS, () => reject(silence));
    const answer = (settle: () => void): void => {
      if (this.#isLost()) return;
      scheduler.schedule(1 + random.next() * 20, () => {
        this.#process.deliver(() => {
          timeout[Symbol.dispose]();
          settle();
        });
      });
    };
    if (!this.#isLost()) {
      scheduler.schedule(1 + random.next() ** 8 * 8_000, () => {
        serve().then(
          (value) => answer(() => resolve(value)),
          (error: unknown) => answer(() => reject(error)),
        );
      });
    }
    return promise;
  }

  #isLost(): boolean {
    return this.#network.random.next() < this.#network.lost();
  }
}
