import { dirname, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Clock } from '../contracts/clock.js';
import type { Plugin } from '../contracts/plugin.js';
import { RynxsError, rynxsError } from '../errors/rynxs-error.js';
import { checkApiVersion, manifestProblems, pluginProblems } from './check-plugin.js';
import { withDeadline } from './deadline.js';
import type { ModuleLoader, PluginPackage } from './kernel.js';
import type { LoadedPlugin, PluginCandidate, PluginOrigin } from './loaded-plugin.js';
import { describePackage, findPackage, isDirectory, type PackageDescription } from './package-lookup.js';

/** Finds plugins by package or path and loads them; collects every failure instead of throwing. */
export class PluginLoader {
  readonly errors: RynxsError[] = [];
  readonly warnings: string[] = [];
  /** Manifests of plugins that should have been loaded but could not be: what they provide is missing for a known reason. */
  readonly failed: PluginCandidate[] = [];
  readonly #directory: string;
  readonly #load: ModuleLoader;
  readonly #clock: Clock;
  readonly #timeoutMs: number;

  constructor(options: {
    readonly directory: string;
    readonly load: ModuleLoader;
    readonly clock: Clock;
    readonly timeoutMs: number;
  }) {
    this.#directory = options.directory;
    this.#load = options.load;
    this.#clock = options.clock;
    this.#timeoutMs = options.timeoutMs;
  }

  /** Finds a plugin that the composition root names. */
  async findBuiltIn({ package: name, from }: PluginPackage): Promise<PluginCandidate | undefined> {
    return await this.#find(name, async () => {
      const found = await findPackage(name, dirname(fileURLToPath(from)));
      if (found === undefined) throw notFound(name, `the package is not installed`);
      return candidate(found, { kind: 'built in', name });
    });
  }

  /** Finds an entry of RYNXS_PLUGINS: a path starts with `.` or `/`, anything else is the name of a package. */
  async findListed(entry: string): Promise<PluginCandidate | undefined> {
    return await this.#find(entry, async () => {
      if (!/^[./]/.test(entry)) {
        const found = await findPackage(entry, this.#directory);
        if (found === undefined) throw notFound(entry, `no such package is installed for ${this.#directory}`);
        return candidate(found, { kind: 'package', name: entry });
      }
      const path = resolve(this.#directory, entry);
      if (!(await isDirectory(path))) {
        return { origin: { kind: 'path', name: entry }, module: pathToFileURL(path).href };
      }
      const found = await describePackage(path);
      if (found === undefined) throw notFound(entry, 'the directory has no package.json');
      return candidate(found, { kind: 'path', name: entry });
    });
  }

  /** Loads and checks a plugin; undefined when it failed. */
  async load(found: PluginCandidate): Promise<LoadedPlugin | undefined> {
    const { origin, module, manifest } = found;
    const plugin = origin.name;
    // Asked before anything of the plugin runs, and again of the definition, for a path without a manifest.
    if (manifest !== undefined && !this.#versionWorks(plugin, manifest.apiVersion)) return this.#fail(found);
    try {
      const timeout = `${this.#timeoutMs} ms`;
      const deadline = {
        clock: this.#clock,
        timeoutMs: this.#timeoutMs,
        late: () => rynxsError('RYNXS_PLUGIN_LOAD_TIMEOUT', { plugin, timeout }),
      };
      const namespace = await withDeadline(deadline, () => this.#load(module));
      const loaded = this.check(defaultExport(namespace), origin, manifest === undefined);
      if (loaded === undefined) return this.#fail(found);
      const problems = manifest === undefined ? [] : manifestProblems(loaded.definition, manifest);
      if (problems.length === 0) return loaded;
      this.#invalid(plugin, problems);
    } catch (cause) {
      const detail = cause instanceof Error ? cause.message : String(cause);
      this.errors.push(
        cause instanceof RynxsError
          ? cause
          : rynxsError('RYNXS_PLUGIN_LOAD_FAILED', { plugin, detail }, { cause }),
      );
    }
    return this.#fail(found);
  }

  /** Checks a definition that is in memory already; undefined when it cannot be used. */
  check(value: unknown, origin: PluginOrigin, judgeVersion = true): LoadedPlugin | undefined {
    const apiVersion = (value as Partial<Plugin> | null | undefined)?.apiVersion;
    if (judgeVersion && apiVersion !== undefined && !this.#versionWorks(origin.name, apiVersion))
      return undefined;
    const problems = [
      ...pluginProblems(value),
      ...(value !== undefined && apiVersion === undefined ? ['it has no apiVersion'] : []),
    ];
    if (problems.length === 0) return { definition: value as Plugin, origin };
    this.#invalid(origin.name, problems);
    return undefined;
  }

  #versionWorks(plugin: string, found: unknown): boolean {
    const { error, warning } = checkApiVersion(plugin, found);
    if (warning !== undefined) this.warnings.push(warning);
    if (error !== undefined) this.errors.push(error);
    return error === undefined;
  }

  #invalid(plugin: string, problems: readonly string[]): void {
    for (const detail of problems) this.errors.push(rynxsError('RYNXS_PLUGIN_INVALID', { plugin, detail }));
  }

  #fail(found: PluginCandidate): undefined {
    this.failed.push(found);
    return undefined;
  }

  async #find(plugin: string, find: () => Promise<PluginCandidate>): Promise<PluginCandidate | undefined> {
    try {
      const found = await find();
      if (found.manifest !== undefined || found.origin.kind === 'path') return found;
      this.#invalid(plugin, ['its package.json has no `rynxs` manifest']);
      return undefined;
    } catch (cause) {
      const detail = cause instanceof Error ? cause.message : String(cause);
      this.errors.push(cause instanceof RynxsError ? cause : notFound(plugin, detail, cause));
      return undefined;
    }
  }
}

function candidate(found: PackageDescription, origin: PluginOrigin): PluginCandidate {
  return {
    origin: { ...origin, ...(found.version === undefined ? {} : { version: found.version }) },
    module: found.module,
    ...(found.manifest === undefined ? {} : { manifest: found.manifest }),
  };
}

function defaultExport(namespace: unknown): unknown {
  return typeof namespace === 'object' && namespace !== null && 'default' in namespace
    ? namespace.default
    : undefined;
}

function notFound(plugin: string, detail: string, cause?: unknown): RynxsError {
  return rynxsError('RYNXS_PLUGIN_NOT_FOUND', { plugin, detail }, cause === undefined ? {} : { cause });
}
