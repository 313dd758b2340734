import type { Clock } from '../contracts/clock.js';
import type { Logger } from '../contracts/logger.js';
import type { LifecycleHooks } from '../contracts/plugin.js';
import type { PluginContainer, Service } from '../di/index.js';
import { RynxsError, RynxsErrors, rynxsError } from '../errors/rynxs-error.js';
import { bootTree } from './boot-tree.js';
import { withDeadline } from './deadline.js';
import type { BootNode, BootTree } from './kernel.js';
import type { ServiceNode } from './service-graph.js';

export interface RunnerOptions {
  /** Services, each after those that it requires. */
  readonly order: readonly ServiceNode[];
  containerOf(plugin: string): PluginContainer;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly startTimeoutMs: number;
  readonly stopTimeoutMs: number;
}

interface RunState {
  readonly node: ServiceNode;
  service: (Service & LifecycleHooks) | undefined;
  state: BootNode['state'] | 'waiting';
  elapsedMs: number | undefined;
}

/** Starts services in order and stops them in reverse order, each within its deadline. */
export class ServiceRunner {
  readonly #options: RunnerOptions;
  readonly #states: readonly RunState[];
  readonly #stopping = new AbortController();
  #started: Promise<void> | undefined;
  #stopped: Promise<void> | undefined;
  #elapsedMs: number | undefined;
  #phase: ServiceRunner['phase'] = 'not started';

  constructor(options: RunnerOptions) {
    this.#options = options;
    this.#states = options.order.map((node) => ({
      node,
      service: undefined,
      state: 'waiting',
      elapsedMs: undefined,
    }));
  }

  /** See Kernel.start. */
  start(signal: AbortSignal): Promise<void> {
    if (this.#started !== undefined) throw unavailable('start', 'the kernel was started before');
    this.#started = this.#startAll(AbortSignal.any([signal, this.#stopping.signal]));
    return this.#started;
  }

  /** See Kernel.stop. */
  stop(): Promise<void> {
    this.#stopping.abort(new Error('the kernel is being stopped'));
    this.#stopped ??= this.#stopAfterStart();
    return this.#stopped;
  }

  get phase(): 'not started' | 'starting' | 'started' | 'stopped' {
    return this.#phase;
  }

  tree(): BootTree {
    const nodes = this.#states.flatMap(({ node, state, elapsedMs }): BootNode[] =>
      state === 'waiting' ? [] : [{ plugin: node.plugin, service: node.name, state, elapsedMs }],
    );
    return bootTree(nodes, this.#elapsedMs);
  }

  async #startAll(signal: AbortSignal): Promise<void> {
    this.#phase = 'starting';
    const begin = this.#options.clock.monotonic();
    const errors: RynxsError[] = [];
    const failed = new Set<ServiceNode>();
    for (const run of this.#states) {
      if (signal.aborted) break;
      // Services that need none of the failed ones are tried too, so that every failure is found at once.
      if (run.node.requires.some((required) => failed.has(required))) {
        failed.add(run.node);
        continue;
      }
      const error = await this.#startOne(run, signal);
      if (error === undefined) continue;
      failed.add(run.node);
      errors.push(error);
    }
    this.#elapsedMs = this.#options.clock.monotonic() - begin;
    if (!signal.aborted && errors.length === 0) {
      this.#phase = 'started';
      return;
    }
    errors.push(...(await this.#stopAll()));
    if (signal.aborted) {
      // The caller wanted the end, so the reason is the outcome; what went wrong on the way goes to the log.
      for (const error of errors) this.#options.logger.warn(error.message, { code: error.code, error });
      throw signal.reason;
    }
    throw new RynxsErrors(errors);
  }

  async #startOne(run: RunState, parent: AbortSignal): Promise<RynxsError | undefined> {
    const { clock, logger, startTimeoutMs: timeoutMs } = this.#options;
    const names = { plugin: run.node.plugin, service: run.node.name };
    const begin = clock.monotonic();
    const late = (): RynxsError =>
      rynxsError('RYNXS_PLUGIN_START_TIMEOUT', { ...names, timeout: `${timeoutMs} ms` });
    const leftBehind = (error: unknown): void =>
      logger.warn('a service that was too late to start has failed', { ...names, error });
    run.state = 'starting';
    try {
      const tokens = run.node.providers.map(({ token }) => token);
      const container = this.#options.containerOf(run.node.plugin);
      const service: Service & LifecycleHooks = container.construct(run.node.implementation, tokens);
      run.service = service;
      if (service.start !== undefined) {
        await withDeadline(
          { clock, timeoutMs, parent, late, leftBehind },
          async (signal) => await service.start?.(signal),
        );
      }
      run.state = 'started';
      return undefined;
    } catch (cause) {
      run.state = 'failed';
      if (cause instanceof RynxsError && cause.code === 'RYNXS_PLUGIN_START_TIMEOUT') return cause;
      const remedy = remedyOf(cause) ?? `See the cause: it says what ${names.plugin} could not do.`;
      return rynxsError(
        'RYNXS_PLUGIN_START_FAILED',
        { ...names, detail: messageOf(cause), remedy },
        { cause },
      );
    } finally {
      run.elapsedMs = clock.monotonic() - begin;
    }
  }

  async #stopAfterStart(): Promise<void> {
    // A start under way ends by its signal and stops what it had started; its outcome is its caller's.
    await this.#started?.catch(() => {});
    const errors = await this.#stopAll();
    if (errors.length > 0) throw new RynxsErrors(errors);
  }

  async #stopAll(): Promise<RynxsError[]> {
    this.#phase = 'stopped';
    const errors: RynxsError[] = [];
    for (const run of this.#states.toReversed()) {
      if (run.state !== 'started') continue;
      run.state = 'stopped';
      const error = await this.#stopOne(run);
      if (error !== undefined) errors.push(error);
    }
    return errors;
  }

  async #stopOne({ node, service }: RunState): Promise<RynxsError | undefined> {
    const { clock, logger, stopTimeoutMs: timeoutMs } = this.#options;
    const names = { plugin: node.plugin, service: node.name };
    const late = (): RynxsError =>
      rynxsError('RYNXS_PLUGIN_STOP_TIMEOUT', { ...names, timeout: `${timeoutMs} ms` });
    const leftBehind = (error: unknown): void =>
      logger.warn('a service that was too late to stop has failed', { ...names, error });
    if (service?.stop === undefined) return undefined;
    try {
      await withDeadline(
        { clock, timeoutMs, late, leftBehind },
        async (signal) => await service.stop?.(signal),
      );
      return undefined;
    } catch (cause) {
      if (cause instanceof RynxsError && cause.code === 'RYNXS_PLUGIN_STOP_TIMEOUT') return cause;
      return rynxsError('RYNXS_PLUGIN_STOP_FAILED', { ...names, detail: messageOf(cause) }, { cause });
    }
  }
}

/** The error for asking for a service at the wrong time. */
export function unavailable(token: string, detail: string): RynxsError {
  return rynxsError('RYNXS_SERVICE_UNAVAILABLE', { token, detail });
}

/** The message, with the code of a coded error, also of one by another copy of the kernel. */
function messageOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  return remedyOf(cause) !== undefined && 'code' in cause ? `${cause.code}: ${cause.message}` : cause.message;
}

function remedyOf(cause: unknown): string | undefined {
  return cause instanceof Error && 'remedy' in cause && typeof cause.remedy === 'string'
    ? cause.remedy
    : undefined;
}
