import {
  CLOCK,
  type Clock,
  type ClusterConnection,
  type ClusterConnector,
  CONFIG,
  LOGGER,
  type Logger,
  RANDOM,
  type Random,
  TELEMETRY,
  type Telemetry,
  type Token,
} from '@rynxs/kernel';
import { type ClientParts, ClusterClient } from './cluster-client.js';
import { type ClusterAccess, findAccess, parseAccess, podEnvironment } from './kubeconfig.js';
import type { KubernetesSettings } from './settings.js';

/** Makes clients from the text of kubeconfigs, or from the settings. Nothing is sent before the client is used. */
export class KubernetesConnector implements ClusterConnector {
  static readonly inject: readonly Token<unknown>[] = [CONFIG, LOGGER, CLOCK, RANDOM, TELEMETRY];

  readonly #settings: KubernetesSettings;
  readonly #parts: ClientParts;

  constructor(
    settings: KubernetesSettings,
    logger: Logger,
    clock: Clock,
    random: Random,
    telemetry: Telemetry,
  ) {
    this.#settings = settings;
    this.#parts = { logger, clock, random, telemetry };
  }

  /** Rejects with RYNXS_KUBECONFIG_INVALID when the text, or what the settings name, is of no cluster. */
  async connect(kubeconfig?: string): Promise<ClusterConnection> {
    const access =
      kubeconfig === undefined ? await this.#configured() : await parseAccess(kubeconfig, 'the text given');
    return new ClusterClient(access, this.#settings, this.#parts);
  }

  #configured(): Promise<ClusterAccess> {
    const { kubeconfig, context } = this.#settings;
    return findAccess({ kubeconfig, context, ...podEnvironment() });
  }
}
