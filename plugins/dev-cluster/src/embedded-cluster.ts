import {
  CLOCK,
  CLUSTER_CONNECTOR,
  type Clock,
  type Cluster,
  type ClusterConnector,
  ClusterError,
  CONFIG,
  ForwardingCluster,
  type LifecycleHooks,
  LOGGER,
  type Logger,
} from '@rynxs/kernel';
import type { EmbeddedClusterSettings } from './settings.js';
import { type EmbeddedClusterServer, startEmbeddedCluster } from './start-embedded-cluster.js';

/**
 * A cluster inside this process. It is used as any other one, over HTTPS and by the client that another plugin brings, so
 * that what works here works on a real cluster.
 */
export class EmbeddedCluster extends ForwardingCluster implements LifecycleHooks {
  static readonly inject = [CONFIG, CLUSTER_CONNECTOR, CLOCK, LOGGER];

  readonly #settings: EmbeddedClusterSettings;
  readonly #connector: ClusterConnector;
  readonly #clock: Clock;
  readonly #logger: Logger;
  #server: EmbeddedClusterServer | undefined;
  #client: (Cluster & AsyncDisposable) | undefined;

  constructor(settings: EmbeddedClusterSettings, connector: ClusterConnector, clock: Clock, logger: Logger) {
    super();
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
      this.#client = await this.#connector.connect(this.#server.kubeconfig);
    } catch (error) {
      await this.stop();
      throw error;
    }
    this.#logger.info('the embedded cluster is up', { server: this.#server.url });
  }

  /** Stops the client, then the server. */
  async stop(): Promise<void> {
    const [client, server] = [this.#client, this.#server];
    this.#client = undefined;
    this.#server = undefined;
    try {
      await client?.[Symbol.asyncDispose]();
    } finally {
      await server?.close();
    }
  }

  protected override connected(): Cluster {
    if (this.#client !== undefined) return this.#client;
    throw new ClusterError('unavailable', 'the embedded cluster is not running');
  }
}
