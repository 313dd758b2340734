import type { ConfigSchema } from './config.js';
import type { Token } from './token.js';

/** The contract version that this kernel speaks. One major version back keeps working, with a warning. */
export const PLUGIN_API_VERSION = 1;

/** A token that may go without a provider: the service then gets undefined. Made by `optional(TOKEN)`. */
export interface OptionalToken<T> {
  readonly token: Token<T>;
  readonly optional: true;
}

/**
 * What a constructor's parameter asks for. A token of cardinality `many` gives an array of all its services, in the
 * order in which they started; also an empty one.
 */
export type Dependency<T = unknown> = Token<T> | OptionalToken<T>;

/**
 * A class whose instances implement `T`. Its constructor's parameters come from the container: either each one is
 * marked with `@inject(TOKEN)` (TypeScript), or the class lists the tokens in `static inject = [TOKEN, …]`
 * (plain JavaScript; `optional(TOKEN)` for what may be absent). The order of the list is the order of the parameters.
 */
export interface ServiceClass<T> {
  // Constructor parameters are resolved by token at run time; no static type can name them here.
  new (...dependencies: never[]): T;
  readonly inject?: readonly Dependency[];
}

/** One implementation of one token. Made by `TOKEN.as(type, Class)`. */
export interface Provider<T = unknown> {
  readonly token: Token<T>;
  /** The value of the token's selecting variable that picks this provider, or a label where nothing selects. */
  readonly type: string;
  readonly implementation: ServiceClass<T>;
}

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
