import type { KernelSettings } from '../config/kernel-settings.js';
import type { Resolution } from '../config/resolve-configuration.js';
import type { Clock } from '../contracts/clock.js';
import { CONFIG } from '../contracts/config.js';
import { LOGGER, type Logger } from '../contracts/logger.js';
import type { Token } from '../contracts/token.js';
import { type PluginContainer, ServiceContainer } from '../di/index.js';
import { rynxsError } from '../errors/rynxs-error.js';
import type { BootTree, Kernel, PluginDescription } from './kernel.js';
import type { PluginCandidate } from './loaded-plugin.js';
import type { PluginSet } from './plugin-set.js';
import type { ServiceGraph } from './service-graph.js';
import { ServiceRunner, unavailable } from './service-runner.js';

export interface PluginHostOptions {
  readonly settings: KernelSettings;
  readonly configuration: Resolution;
  readonly logger: Logger;
  readonly clock: Clock;
  /** Services that exist already. */
  readonly given: ReadonlyMap<Token<unknown>, unknown>;
  readonly graph: ServiceGraph;
  readonly plugins: PluginSet;
}

/** The kernel of plugins that were found to fit together. */
export class PluginHost implements Kernel {
  readonly settings: KernelSettings;
  readonly configuration: Resolution;
  readonly logger: Logger;
  readonly #graph: ServiceGraph;
  readonly #plugins: PluginSet;
  readonly #given: ReadonlySet<symbol>;
  readonly #container = new ServiceContainer();
  readonly #scopes = new Map<string, PluginContainer>();
  readonly #runner: ServiceRunner;

  constructor({ settings, configuration, logger, clock, given, graph, plugins }: PluginHostOptions) {
    this.settings = settings;
    this.configuration = configuration;
    this.logger = logger;
    this.#graph = graph;
    this.#plugins = plugins;
    this.#given = new Set([LOGGER, ...given.keys()].map((token) => token.symbol));
    for (const [token, instance] of [...given, [LOGGER, logger] as const])
      this.#container.give(token, instance);
    this.#runner = new ServiceRunner({
      order: graph.order,
      containerOf: (plugin) => this.#scopeOf(plugin),
      clock,
      logger,
      startTimeoutMs: settings.startTimeout,
      stopTimeoutMs: settings.stopTimeout,
    });
  }

  start(signal: AbortSignal): Promise<void> {
    return this.#runner.start(signal);
  }

  stop(): Promise<void> {
    return this.#runner.stop();
  }

  get<T>(token: Token<T>): T {
    if (token.cardinality === 'many') throw unavailable(token.name, 'there may be many: use getAll');
    if (this.#given.has(token.symbol)) return this.#container.get(token);
    this.#requireStarted(token);
    if (this.#container.has(token)) return this.#container.get(token);
    throw rynxsError('RYNXS_PROVIDER_MISSING', {
      requirer: 'the caller',
      token: token.name,
      suggestion: 'Let a plugin provide it, and another one require it.',
    });
  }

  getAll<T>(token: Token<T>): readonly T[] {
    if (!this.#given.has(token.symbol)) this.#requireStarted(token);
    return this.#container.getAll(token);
  }

  tree(): BootTree {
    return this.#runner.tree();
  }

  describe(): readonly PluginDescription[] {
    const configured = this.configuration.print();
    const loaded = this.#plugins.loaded.map(
      ({ definition, origin }): PluginDescription => ({
        id: definition.id,
        apiVersion: definition.apiVersion,
        origin,
        loaded: true,
        provides: definition.provides.map((provider) => ({
          token: provider.token.name,
          type: provider.type,
          selected: this.#graph.order.some((node) => node.providers.includes(provider)),
          ...(provider.token.selectedBy === undefined ? {} : { selectedBy: provider.token.selectedBy }),
        })),
        configuredBy: [
          ...new Set(
            configured
              .filter(({ path, where }) => path.startsWith(`${definition.id}.`) && where !== '')
              .map(({ where }) => where),
          ),
        ],
      }),
    );
    return [...loaded, ...this.#plugins.notNeeded.map(describeCandidate)];
  }

  #scopeOf(plugin: string): PluginContainer {
    let scope = this.#scopes.get(plugin);
    if (scope === undefined) {
      scope = this.#container.scope([
        [CONFIG, this.configuration.values.get(plugin) ?? {}],
        [LOGGER, this.logger.child({ plugin })],
      ]);
      this.#scopes.set(plugin, scope);
    }
    return scope;
  }

  #requireStarted(token: Token<unknown>): void {
    const { phase } = this.#runner;
    if (phase !== 'started') throw unavailable(token.name, `the kernel is ${phase}`);
  }
}

/** What is known of a plugin by its package.json alone. */
function describeCandidate({ origin, manifest }: PluginCandidate): PluginDescription {
  const id = origin.name.slice(origin.name.lastIndexOf('/') + 1);
  const provides = Object.entries(manifest?.provides ?? {}).flatMap(([token, types]) =>
    types.map((type) => ({ token, type, selected: false })),
  );
  return { id, apiVersion: manifest?.apiVersion ?? 0, origin, loaded: false, provides, configuredBy: [] };
}
