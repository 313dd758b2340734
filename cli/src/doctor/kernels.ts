import {
  CLUSTER,
  CLUSTER_CONNECTOR,
  definePlugin,
  type Kernel,
  type Logger,
  type Plugin,
  RynxsError,
  RynxsErrors,
} from '@rynxs/kernel';
import { OfflineCluster, offlinePlugin } from '../cluster/offline-cluster.js';
import { composeKernel } from '../composed-kernel.js';
import type { Terminal } from '../terminal/terminal.js';

/** How long everything together may take to be given up. */
const CLOSE_MS = 2_000;

/** In place of what would take a port, a Lease or a log. */
const HARMLESS = {
  CLUSTER_TYPE: 'offline',
  EVENT_STORE_TYPE: 'file',
  LEADERSHIP_TYPE: 'standalone',
  TELEMETRY_TYPE: 'none',
} as const;

/** Has the connector made, and connects to nothing: a cluster would not start without some permissions. */
class UnconnectedCluster extends OfflineCluster {
  static readonly inject = [CLUSTER_CONNECTOR];
}

const unconnectedPlugin = definePlugin({
  id: 'unconnected-cluster',
  apiVersion: 1,
  provides: [CLUSTER.as('unconnected', UnconnectedCluster)],
});

/**
 * Kernels of the operator's configuration, each with one of its parts and harmless ones in place of the others: so what
 * cannot be started does not hide the rest.
 */
export class Kernels {
  readonly #terminal: Terminal;
  readonly #config: string | undefined;
  readonly #signal: AbortSignal;
  readonly #stack = new AsyncDisposableStack();
  readonly warnings: string[] = [];

  constructor(terminal: Terminal, config: string | undefined, signal: AbortSignal) {
    this.#terminal = terminal;
    this.#config = config;
    this.#signal = signal;
  }

  /** As the operator has it, not started. */
  configured(): Promise<Kernel> {
    const logger = new WarningLogger((message) => this.warnings.push(message));
    return composeKernel(this.#terminal, { config: this.#config, overrides: { logger } });
  }

  /** With the connector of clusters, and the reconcilers. */
  withConnector(): Promise<Kernel> {
    return this.#started({ ...HARMLESS, CLUSTER_TYPE: 'unconnected' });
  }

  withStore(): Promise<Kernel> {
    const { EVENT_STORE_TYPE: _, ...others } = HARMLESS;
    return this.#started(others);
  }

  withLeadership(): Promise<Kernel> {
    const { LEADERSHIP_TYPE: _, ...others } = HARMLESS;
    return this.#started(others);
  }

  /** Has something given up before the kernels are. */
  defer(close: () => Promise<void>): void {
    this.#stack.defer(() => close().catch(() => undefined));
  }

  /** Never rejects, and waits no longer than CLOSE_MS: what hangs is left behind. */
  async close(): Promise<void> {
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, CLOSE_MS);
    await Promise.race([this.#stack.disposeAsync(), late]);
    clearTimeout(timer);
  }

  async #started(flags: Readonly<Record<string, string>>): Promise<Kernel> {
    const plugins: readonly Plugin[] = [offlinePlugin, unconnectedPlugin];
    const overrides = { logger: new WarningLogger(() => undefined) };
    const kernel = await composeKernel(this.#terminal, { config: this.#config, flags, plugins, overrides });
    try {
      await kernel.start(this.#signal);
    } catch (error) {
      throw causesOf(error);
    }
    this.defer(() => kernel.stop());
    return kernel;
  }
}

/** Why services failed to start: each once, whatever it kept from starting. */
function causesOf(error: unknown): unknown {
  if (!(error instanceof RynxsErrors)) return error;
  return new RynxsErrors(error.errors.map((one) => (one.cause instanceof RynxsError ? one.cause : one)));
}

/** Hands warnings and errors on, and drops the rest. */
class WarningLogger implements Logger {
  readonly warn: Logger['warn'];
  readonly error: Logger['error'];

  constructor(onWarning: (message: string) => void) {
    this.warn = onWarning;
    this.error = onWarning;
  }

  debug(): void {}
  info(): void {}

  child(): Logger {
    return this;
  }
}
