import { SystemClock } from '../clock/system-clock.js';
import type { KernelSettings } from '../config/kernel-settings.js';
import { kernelSettings } from '../config/kernel-settings.js';
import { parseSetting } from '../config/parse-setting.js';
import {
  misspeltVariables,
  type Resolution,
  resolveConfiguration,
  unknownNames,
} from '../config/resolve-configuration.js';
import { type ConfigSources, readSources } from '../config/sources.js';
import { CLOCK, type Clock } from '../contracts/clock.js';
import type { Logger } from '../contracts/logger.js';
import { OPERATOR_PLACE } from '../contracts/operator-place.js';
import { RANDOM } from '../contracts/random.js';
import type { Token } from '../contracts/token.js';
import { type RynxsError, RynxsErrors } from '../errors/rynxs-error.js';
import { createLogger } from '../logging/create-logger.js';
import { RedactingLogger } from '../logging/redacting-logger.js';
import { Redaction } from '../logging/redaction.js';
import { SystemRandom } from '../random/system-random.js';
import { RESERVED_TOKENS } from './built-in.js';
import { graphErrors } from './graph-errors.js';
import type { Kernel, KernelOptions } from './kernel.js';
import { PluginHost } from './plugin-host.js';
import { PluginLoader } from './plugin-loader.js';
import { isNeeded, PluginSet } from './plugin-set.js';
import { ProviderRegistry } from './provider-registry.js';
import { buildServiceGraph } from './service-graph.js';

/** What the test kit may do that a program may not. */
export interface Assembly {
  /** Tokens that must have a service even if no plugin requires them. */
  readonly roots: readonly Token<unknown>[];
  /** Services that are given as objects, by token; they hide providers of the same token and are not started or stopped. */
  readonly given: ReadonlyMap<Token<unknown>, unknown>;
}

/** See createKernel. */
export async function assembleKernel(options: KernelOptions, assembly: Assembly): Promise<Kernel> {
  const sources = await readSources(options);
  const clock = options.overrides?.clock ?? new SystemClock();
  const random = options.overrides?.random ?? new SystemRandom();
  const directory = options.directory ?? process.cwd();
  // Only what decides about plugins is read here; all errors come from the resolution of everything below.
  const preliminary = resolveConfiguration([{ id: 'kernel', schema: kernelSettings }], sources);
  const settings = kernelSettingsOf(preliminary);

  const load = options.load ?? ((url: string): Promise<unknown> => import(url));
  const loader = new PluginLoader({ directory, load, clock, timeoutMs: settings.startTimeout });
  const plugins = new PluginSet(loader);
  await plugins.addBuiltIn(options.plugins, (manifest) => isNeeded(manifest, selector(preliminary, sources)));
  await plugins.addListed(settings.plugins ?? []);
  const selectors = (): string[] =>
    plugins.loaded.flatMap(({ definition }) =>
      definition.provides.flatMap(({ token }) => (token.selectedBy === undefined ? [] : [token.selectedBy])),
    );
  if (unknownNames(plugins.sections(), sources, selectors()).length > 0) await plugins.loadTheRest();

  const sections = plugins.sections();
  const configuration = resolveConfiguration(sections, sources);
  const registry = new ProviderRegistry(plugins.loaded, RESERVED_TOKENS);
  const givenSymbols = new Set([...RESERVED_TOKENS, ...assembly.given.keys()].map((token) => token.symbol));
  const graph = buildServiceGraph({
    registry,
    roots: assembly.roots,
    isGiven: (token) => givenSymbols.has(token.symbol),
    selected: selector(configuration, sources),
  });
  const active = new Set(graph.order.map((node) => node.plugin));
  const errors: RynxsError[] = [
    ...sources.file.errors,
    ...configuration.errors,
    ...unknownNames(sections, sources, selectors()),
    ...loader.errors,
    ...registry.errors,
    ...(await graphErrors(graph, {
      registry,
      failed: loader.failed,
      notNeeded: plugins.notNeeded,
      directory,
    })),
    ...sections
      .filter(({ id }) => id === 'kernel' || active.has(id))
      .flatMap(({ id }) => configuration.missing(id)),
  ];
  if (errors.length > 0) throw new RynxsErrors(errors);

  const logger = await loggerFor(options, settings, configuration, clock);
  for (const warning of [...loader.warnings, ...misspeltVariables(sections, sources)]) logger.warn(warning);
  const { namespace, shard } = settings;
  const given = new Map<Token<unknown>, unknown>([
    ...assembly.given,
    [CLOCK, clock],
    [RANDOM, random],
    [OPERATOR_PLACE, { namespace, shard }],
  ]);
  return new PluginHost({ settings, configuration, logger, clock, given, graph, plugins });
}

/** The kernel's settings; those that are not valid have their defaults, and are reported elsewhere. */
function kernelSettingsOf(resolution: Resolution): KernelSettings {
  const defaults = Object.entries(kernelSettings).flatMap(([name, setting]): [string, unknown][] => {
    if (!('default' in setting)) return [];
    const parsed = parseSetting(setting, setting.default);
    return parsed.ok ? [[name, parsed.value]] : [];
  });
  return { ...Object.fromEntries(defaults), ...resolution.values.get('kernel') } as KernelSettings;
}

/** Tells the type that configuration selects for a token: by a setting, or for a token of a third party by its variable alone. */
function selector(
  resolution: Resolution,
  { env, flags }: ConfigSources,
): (token: Token<unknown>) => string | undefined {
  const settings = resolution.print();
  return ({ selectedBy }) => {
    if (selectedBy === undefined) return undefined;
    const setting = settings.find((candidate) => candidate.env === selectedBy);
    return setting?.value || flags[selectedBy] || env[selectedBy] || undefined;
  };
}

async function loggerFor(
  options: KernelOptions,
  settings: KernelSettings,
  { secrets }: Resolution,
  clock: Clock,
): Promise<Logger> {
  const given = options.overrides?.logger;
  if (given !== undefined) return new RedactingLogger(given, new Redaction(secrets));
  return await createLogger({ level: settings.logLevel, format: settings.logFormat, clock, secrets });
}
