import type { ConfigSection } from '../config/configuration.js';
import { kernelSettings } from '../config/kernel-settings.js';
import { CLUSTER_CONNECTOR } from '../contracts/cluster.js';
import type { Plugin, PluginManifest } from '../contracts/plugin.js';
import { RECONCILER } from '../contracts/reconciler.js';
import type { Token } from '../contracts/token.js';
import { rynxsError } from '../errors/rynxs-error.js';
import { KERNEL_PLUGIN, OPERATOR_TOKENS } from './built-in.js';
import type { PluginPackage } from './kernel.js';
import type { LoadedPlugin, PluginCandidate } from './loaded-plugin.js';
import type { PluginLoader } from './plugin-loader.js';

/** The plugins of a process: those that are loaded, and those that are known but not needed. */
export class PluginSet {
  readonly loaded: LoadedPlugin[] = [KERNEL_PLUGIN];
  readonly notNeeded: PluginCandidate[] = [];
  readonly #loader: PluginLoader;

  constructor(loader: PluginLoader) {
    this.#loader = loader;
  }

  /** Takes the plugins of the composition root; packages are loaded if `isNeeded` by their manifest. */
  async addBuiltIn(
    plugins: readonly (Plugin | PluginPackage)[],
    isNeeded: (manifest: PluginManifest) => boolean,
  ): Promise<void> {
    for (const plugin of plugins) {
      if (!('package' in plugin)) {
        const name = String((plugin as Partial<Plugin>).id);
        this.#add(this.#loader.check(plugin, { kind: 'built in', name }));
        continue;
      }
      const found = await this.#loader.findBuiltIn(plugin);
      if (found?.manifest === undefined) continue;
      if (isNeeded(found.manifest)) this.#add(await this.#loader.load(found));
      else this.notNeeded.push(found);
    }
  }

  /** Takes the entries of RYNXS_PLUGINS; all of them are loaded. */
  async addListed(entries: readonly string[]): Promise<void> {
    for (const entry of entries) {
      const found = await this.#loader.findListed(entry);
      if (found !== undefined) this.#add(await this.#loader.load(found));
    }
  }

  /** Loads also what is not needed, so that its settings are known. */
  async loadTheRest(): Promise<void> {
    for (const found of this.notNeeded.splice(0)) this.#add(await this.#loader.load(found));
  }

  sections(): readonly ConfigSection[] {
    const plugins = this.loaded.filter((plugin) => plugin !== KERNEL_PLUGIN);
    return [
      { id: KERNEL_PLUGIN.definition.id, schema: kernelSettings },
      ...plugins.map(({ definition: { id, config } }) => ({ id, schema: config ?? {} })),
    ];
  }

  #add(plugin: LoadedPlugin | undefined): void {
    if (plugin === undefined) return;
    const { id } = plugin.definition;
    const first = this.loaded.find((other) => other.definition.id === id);
    if (first === undefined) this.loaded.push(plugin);
    else {
      const names = { first: first.origin.name, second: plugin.origin.name };
      this.#loader.errors.push(rynxsError('RYNXS_PLUGIN_DUPLICATE', { plugin: id, ...names }));
    }
  }
}

const KNOWN_TOKENS = [...OPERATOR_TOKENS, CLUSTER_CONNECTOR, RECONCILER];

/**
 * Whether a plugin with this manifest takes part when `selected` are the types that are chosen: unless everything that
 * it provides is of a type that was not chosen.
 */
export function isNeeded(
  manifest: PluginManifest,
  selected: (token: Token<unknown>) => string | undefined,
): boolean {
  return Object.entries(manifest.provides).some(([name, types]) => {
    const token = KNOWN_TOKENS.find((known) => known.name === name);
    const type = token?.selectedBy === undefined ? undefined : selected(token);
    return type === undefined || types.includes(type);
  });
}
