import {
  type CacheOptions,
  CLOCK,
  CLUSTER_CONNECTOR,
  type Clock,
  type Cluster,
  type ClusterConnector,
  ClusterError,
  type ClusterInfo,
  CONFIG,
  type DeletePreconditions,
  type ExecOptions,
  type KubernetesObject,
  type LifecycleHooks,
  LOGGER,
  type Logger,
  type ObjectKey,
  type RequestOptions,
  type ResourceCache,
  type ResourceType,
} from '@rynxs/kernel';
import type { EmbeddedClusterSettings } from './settings.js';
import { type EmbeddedClusterServer, startEmbeddedCluster } from './start-embedded-cluster.js';

/**
 * A cluster inside this process. It is used as any other one, over HTTPS and by the client that another plugin brings, so
 * that what works here works on a real cluster.
 */
export class EmbeddedCluster implements Cluster, LifecycleHooks {
  static readonly inject = [CONFIG, CLUSTER_CONNECTOR, CLOCK, LOGGER];

  readonly #settings: EmbeddedClusterSettings;
  readonly #connector: ClusterConnector;
  readonly #clock: Clock;
  readonly #logger: Logger;
  #server: EmbeddedClusterServer | undefined;
  #connected: (Cluster & AsyncDisposable) | undefined;

  constructor(settings: EmbeddedClusterSettings, connector: ClusterConnector, clock: Clock, logger: Logger) {
    this.#settings = settings;
    this.#connector = connector;
    this.#clock = clock;
    this.#logger = logger;
  }

  /** The server; undefined before `start` and after `stop`. */
  get server(): EmbeddedClusterServer | undefined {
    return this.#server;
  }

  /** Starts the server, then the client. Throws what `startEmbeddedCluster` throws. */
  async start(signal: AbortSignal): Promise<void> {
    const { dir, port, kubeconfig, node, controllers } = this.#settings;
    this.#server = await startEmbeddedCluster({
      port,
      nodeEnabled: node,
      controllersEnabled: controllers,
      signal,
      clock: this.#clock,
      logger: this.#logger,
      ...(dir === undefined ? {} : { dir }),
      ...(kubeconfig === undefined ? {} : { kubeconfigFile: kubeconfig }),
    });
    try {
      this.#connected = await this.#connector.connect(this.#server.kubeconfig);
    } catch (error) {
      await this.stop();
      throw error;
    }
    this.#logger.info('the embedded cluster is up', { server: this.#server.url });
  }

  /** Stops the client, then the server. */
  async stop(): Promise<void> {
    const [client, server] = [this.#connected, this.#server];
    this.#connected = undefined;
    this.#server = undefined;
    try {
      await client?.[Symbol.asyncDispose]();
    } finally {
      await server?.close();
    }
  }

  info(signal: AbortSignal): Promise<ClusterInfo> {
    return this.#client.info(signal);
  }

  get(resource: ResourceType, key: ObjectKey, options: RequestOptions): Promise<KubernetesObject> {
    return this.#client.get(resource, key, options);
  }

  list(resource: ResourceType, options: RequestOptions & CacheOptions): Promise<readonly KubernetesObject[]> {
    return this.#client.list(resource, options);
  }

  create(
    resource: ResourceType,
    object: KubernetesObject,
    options: RequestOptions,
  ): Promise<KubernetesObject> {
    return this.#client.create(resource, object, options);
  }

  update(
    resource: ResourceType,
    object: KubernetesObject,
    options: RequestOptions,
  ): Promise<KubernetesObject> {
    return this.#client.update(resource, object, options);
  }

  updateStatus(
    resource: ResourceType,
    object: KubernetesObject,
    options: RequestOptions,
  ): Promise<KubernetesObject> {
    return this.#client.updateStatus(resource, object, options);
  }

  delete(
    resource: ResourceType,
    key: ObjectKey,
    preconditions: DeletePreconditions,
    options: RequestOptions,
  ): Promise<void> {
    return this.#client.delete(resource, key, preconditions, options);
  }

  cache(resource: ResourceType, options?: CacheOptions): ResourceCache {
    return this.#client.cache(resource, options);
  }

  exec(pod: ObjectKey, options: ExecOptions): Promise<number> {
    return this.#client.exec(pod, options);
  }

  get #client(): Cluster {
    if (this.#connected !== undefined) return this.#connected;
    throw new ClusterError('unavailable', 'the embedded cluster is not running');
  }
}
