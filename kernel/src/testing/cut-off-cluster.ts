import { ForwardingCluster } from '../cluster/forwarding-cluster.js';
import { type Cluster, ClusterError, type RequestOptions } from '../contracts/cluster.js';

/** A process's way to its cluster, which can be cut: then what it asks for and writes gets no answer. In real time. */
export class CutOffCluster extends ForwardingCluster {
  readonly #cluster: Cluster;
  #isCut = false;

  constructor(cluster: Cluster) {
    super();
    this.#cluster = cluster;
  }

  /** From now on nothing that is sent arrives. */
  cut(): void {
    this.#isCut = true;
  }

  override get: Cluster['get'] = (resource, key, options) =>
    this.#send(options, () => this.#cluster.get(resource, key, options));
  override create: Cluster['create'] = (resource, object, options) =>
    this.#send(options, () => this.#cluster.create(resource, object, options));
  override update: Cluster['update'] = (resource, object, options) =>
    this.#send(options, () => this.#cluster.update(resource, object, options));

  protected override connected(): Cluster {
    return this.#cluster;
  }

  #send<T>({ signal, timeoutMs = 10_000 }: RequestOptions, serve: () => Promise<T>): Promise<T> {
    if (!this.#isCut) return serve();
    return new Promise((_resolve, reject) => {
      const giveUp = () => {
        clearTimeout(timer);
        reject(new ClusterError('ambiguous', 'sent, but no answer came'));
      };
      const timer = setTimeout(giveUp, timeoutMs);
      signal.addEventListener('abort', giveUp, { once: true });
      if (signal.aborted) giveUp();
    });
  }
}
