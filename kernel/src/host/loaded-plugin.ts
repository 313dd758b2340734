import type { Plugin, PluginManifest } from '../contracts/plugin.js';

/** Where a plugin comes from. */
export interface PluginOrigin {
  /** `built in`: the kernel, or given by the composition root. Otherwise as listed in RYNXS_PLUGINS. */
  readonly kind: 'built in' | 'package' | 'path';
  /** Name of the package, or the path; for a plugin given as an object its id. */
  readonly name: string;
  /** Version of its package, where it has one. */
  readonly version?: string;
}

/** A plugin whose definition is in memory and has been checked. */
export interface LoadedPlugin {
  readonly definition: Plugin;
  readonly origin: PluginOrigin;
}

/** A plugin that is known by its package.json and has not been loaded. */
export interface PluginCandidate {
  readonly origin: PluginOrigin;
  /** `file:` URL of the module whose default export is the definition. */
  readonly module: string;
  /** Absent only for a path that is a file without a package. */
  readonly manifest?: PluginManifest;
}
