import { fileURLToPath } from 'node:url';
import {
  CLUSTER,
  type Cluster,
  EVENT_STORE,
  type EventStore,
  type Kernel,
  type Logger,
  type Operator,
  RECONCILER,
  type Reconciler,
  startOperator,
  TELEMETRY,
} from '@rynxs/kernel';
import { composeKernel } from '../composed-kernel.js';
import type { Terminal } from '../terminal/terminal.js';
import { devFlags } from './dev-flags.js';
import type { DevOptions } from './dev-options.js';
import { devSigningKey } from './dev-signing-key.js';
import { installDefinitions } from './install-definitions.js';

/** The running system of `rynxs dev`. */
export class DevSession {
  readonly #kernel: Kernel;
  readonly #operator: Operator;
  readonly #failed = new AbortController();
  /** When it began, in milliseconds since 1970: no process that runs in it is older. */
  readonly startedAt: number;
  /** Aborts when the user interrupts and when the operator cannot go on; the reason says which. */
  readonly signal: AbortSignal;

  private constructor(kernel: Kernel, operator: Operator, startedAt: number, interrupted: AbortSignal) {
    this.#kernel = kernel;
    this.#operator = operator;
    this.startedAt = startedAt;
    this.signal = AbortSignal.any([interrupted, this.#failed.signal]);
    operator.done.catch((reason: unknown) => this.#failed.abort(reason));
  }

  /** Starts plugins, brings the definitions into the cluster, starts the operator. Leaves nothing behind when it fails. */
  static async start(
    options: DevOptions,
    dataDir: string,
    logger: Logger,
    terminal: Terminal,
  ): Promise<DevSession> {
    const { env, interrupted } = terminal;
    const startedAt = Date.now();
    const keyFile = await devSigningKey(terminal, logger);
    const flags = {
      ...devFlags(options, dataDir, env),
      ...(keyFile === undefined ? {} : { LOG_SIGNING_KEY_FILE: keyFile }),
    };
    const kernel = await composeKernel(terminal, { config: options.config, flags, overrides: { logger } });
    try {
      await kernel.start(interrupted);
      await installDefinitions(kernel.get(CLUSTER), kernel.getAll(RECONCILER), interrupted);
      const operator = await startOperator(kernel, { signal: interrupted });
      return new DevSession(kernel, operator, startedAt, interrupted);
    } catch (error) {
      await kernel
        .stop()
        .catch((stopError: unknown) => logger.error('stopping failed', { error: stopError }));
      throw error;
    }
  }

  get cluster(): Cluster {
    return this.#kernel.get(CLUSTER);
  }

  get reconcilers(): readonly Reconciler[] {
    return this.#kernel.getAll(RECONCILER);
  }

  get store(): EventStore {
    return this.#kernel.get(EVENT_STORE);
  }

  /** The directory of the log, if it is in one; only then the log commands can read it on their own. */
  get logDirectory(): string | undefined {
    return this.#kernel.settings.eventStoreType === 'file' ? fileURLToPath(this.store.location) : undefined;
  }

  get metrics(): string | undefined {
    return this.#kernel.get(TELEMETRY).endpoint();
  }

  /** Ends the operator in good order. Rejects with the reason for which it could not go on, if there was one. */
  async stopOperator(): Promise<void> {
    await this.#operator.stop();
  }

  /** Ends everything, whatever of it fails; the first failure is thrown when all is done. Idempotent. */
  async stop(): Promise<void> {
    try {
      await this.#operator.stop();
    } finally {
      await this.#kernel.stop();
    }
  }
}
