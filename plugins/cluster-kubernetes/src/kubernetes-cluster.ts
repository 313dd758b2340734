import {
  CLOCK,
  type Clock,
  type Cluster,
  ClusterError,
  CONFIG,
  ForwardingCluster,
  type LifecycleHooks,
  LOGGER,
  type Logger,
  RANDOM,
  type Random,
  rynxsError,
  TELEMETRY,
  type Telemetry,
  type Token,
} from '@rynxs/kernel';
import { type ClientParts, ClusterClient } from './cluster-client.js';
import { findAccess, podEnvironment } from './kubeconfig.js';
import type { KubernetesSettings } from './settings.js';

/** The cluster that the settings name: a ClusterClient that lives from `start` to `stop`. */
export class KubernetesCluster extends ForwardingCluster implements LifecycleHooks {
  static readonly inject: readonly Token<unknown>[] = [CONFIG, LOGGER, CLOCK, RANDOM, TELEMETRY];

  readonly #settings: KubernetesSettings;
  readonly #parts: ClientParts;
  #client: ClusterClient | undefined;

  constructor(
    settings: KubernetesSettings,
    logger: Logger,
    clock: Clock,
    random: Random,
    telemetry: Telemetry,
  ) {
    super();
    this.#settings = settings;
    this.#parts = { logger, clock, random, telemetry };
  }

  /**
   * Finds the kubeconfig and asks the API server who it is. Rejects with RYNXS_KUBECONFIG_INVALID,
   * RYNXS_CLUSTER_UNREACHABLE or RYNXS_CLUSTER_DENIED.
   */
  async start(signal: AbortSignal): Promise<void> {
    const { kubeconfig, context } = this.#settings;
    const access = await findAccess({ kubeconfig, context, ...podEnvironment() });
    const client = new ClusterClient(access, this.#settings, this.#parts);
    try {
      const { uid, version, server } = await client.info(signal);
      this.#parts.logger.info('connected to Kubernetes', {
        server,
        version,
        cluster: uid,
        kubeconfig: access.location,
      });
    } catch (error) {
      await client[Symbol.asyncDispose]();
      throw startError(error, client.server);
    }
    this.#client = client;
  }

  /** Ends all caches and closes the connections. */
  async stop(): Promise<void> {
    await this.#client?.[Symbol.asyncDispose]();
    this.#client = undefined;
  }

  protected override connected(): Cluster {
    if (this.#client === undefined) {
      throw new ClusterError('unavailable', 'the cluster can be used between the end of start and stop only');
    }
    return this.#client;
  }
}

function startError(error: unknown, server: string): unknown {
  if (!(error instanceof ClusterError) || error.reason === 'aborted') return error;
  const code = error.reason === 'denied' ? 'RYNXS_CLUSTER_DENIED' : 'RYNXS_CLUSTER_UNREACHABLE';
  return rynxsError(code, { server, detail: error.message }, { cause: error });
}
