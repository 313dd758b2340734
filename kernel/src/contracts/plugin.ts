import type { ConfigSchema } from './config.js';
import type { Provider } from './token.js';

/** The contract version that this kernel speaks. One major version back keeps working, with a warning. */
export const PLUGIN_API_VERSION = 1;

/**
 * A service may implement any of these; the host calls them. `start` runs after everything that the service
 * requires has started; `stop` runs in exact reverse order, one by one. Both must settle before `signal` aborts
 * (the host's deadline); a service that does not is named in the error and left behind.
 */
export interface LifecycleHooks {
  start?(signal: AbortSignal): Promise<void>;
  stop?(signal: AbortSignal): Promise<void>;
}

/** What a plugin's module exports as its default. */
export interface Plugin {
  /** Kebab-case, unique in a process: `store-s3`. */
  readonly id: string;
  /** The contract version that the plugin was written for; see PLUGIN_API_VERSION. */
  readonly apiVersion: number;
  readonly provides: readonly Provider[];
  /** Settings of the plugin. Its services get the resolved values by `@inject(CONFIG)`. */
  readonly config?: ConfigSchema;
}

/** What a package that holds a plugin says of it under `rynxs` in its package.json; read without loading it. */
export interface PluginManifest {
  readonly apiVersion: number;
  /** Token name to the types that the plugin provides: `{"EVENT_STORE": ["s3"]}`. */
  readonly provides: Readonly<Record<string, readonly string[]>>;
}

/** Checks the shape of a plugin's definition at compile time and returns it frozen. */
export function definePlugin(plugin: Plugin): Plugin {
  return Object.freeze({ ...plugin, provides: Object.freeze([...plugin.provides]) });
}
