import {
  CLOCK,
  type Clock,
  type Cluster,
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
import { parseAccess } from './kubeconfig.js';
import type { ClientLimits } from './settings.js';

/** Makes clients from the text of kubeconfigs. Nothing is sent before the client is used. */
export class KubernetesConnector implements ClusterConnector {
  static readonly inject: readonly Token<unknown>[] = [CONFIG, LOGGER, CLOCK, RANDOM, TELEMETRY];

  readonly #limits: ClientLimits;
  readonly #parts: ClientParts;

  constructor(limits: ClientLimits, logger: Logger, clock: Clock, random: Random, telemetry: Telemetry) {
    this.#limits = limits;
    this.#parts = { logger, clock, random, telemetry };
  }

  /** Rejects with RYNXS_KUBECONFIG_INVALID when the text names no cluster. */
  async connect(kubeconfig: string): Promise<Cluster & AsyncDisposable> {
    const access = await parseAccess(kubeconfig, 'the text given');
    return new ClusterClient(access, this.#limits, this.#parts);
  }
}
