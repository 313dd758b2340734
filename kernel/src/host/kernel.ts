import type { Configuration } from '../config/configuration.js';
import type { KernelSettings } from '../config/kernel-settings.js';
import type { Clock } from '../contracts/clock.js';
import type { Logger } from '../contracts/logger.js';
import type { Plugin } from '../contracts/plugin.js';
import type { Random } from '../contracts/random.js';
import type { Token } from '../contracts/token.js';

/**
 * A plugin that is loaded only when its manifest (`rynxs` in its package.json) says that it is needed: it provides a
 * selected type, or a token where nothing is selected. Keeps what is not used out of memory.
 */
export interface PluginPackage {
  /** Name of the package: `@rynxs/store-file`. */
  readonly package: string;
  /** `import.meta.url` of the module that depends on the package: it is looked up from there. */
  readonly from: string;
}

/** Imports a module by its `file:` URL and resolves to its namespace. */
export type ModuleLoader = (url: string) => Promise<unknown>;

export interface KernelOptions {
  /** First-party plugins, given by the composition root. */
  readonly plugins: readonly (Plugin | PluginPackage)[];
  /** Environment variables, `process.env` as a rule. Only declared ones are read. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Path of rynxs.yaml. Given but unreadable is an error; absent means no file. */
  readonly configFile?: string;
  /**
   * Settings from the command line, which win over everything else: by environment name (`LOG_DIR`) or by path
   * (`store-file.dir`). Values are text in the setting's own grammar.
   */
  readonly flags?: Readonly<Record<string, string>>;
  /** Replaces what the kernel itself provides. */
  readonly overrides?: {
    readonly clock?: Clock;
    readonly random?: Random;
    readonly logger?: Logger;
  };
  /** How plugin modules are imported; default `import()`. */
  readonly load?: ModuleLoader;
  /** Directory that relative paths in RYNXS_PLUGINS start from, and from which packages are looked up; default the current one. */
  readonly directory?: string;
}

/** The plugins, their configuration and their services. Made by `createKernel`, which starts nothing yet. */
export interface Kernel {
  /** The kernel's own settings. */
  readonly settings: KernelSettings;
  /** Every setting of the kernel and of the selected plugins, with its origin. */
  readonly configuration: Configuration;
  /** The logger that the kernel itself uses; what `LOGGER` is for code outside of plugins. */
  readonly logger: Logger;
  /**
   * Constructs and starts all services, each after those that it requires. Services that need nothing of one that
   * failed are tried as well, so that all failures are found. Rejects with RynxsErrors that hold
   * RYNXS_PLUGIN_START_FAILED (cause kept) and RYNXS_PLUGIN_START_TIMEOUT, or with `signal.reason` when `signal` aborts;
   * what had started is stopped again in reverse order first. May be called once.
   */
  start(signal: AbortSignal): Promise<void>;
  /**
   * Stops what was started, one by one in the exact reverse order, each within STOP_TIMEOUT. A service that fails or is
   * late does not keep the others from being stopped; all failures are reported together (RynxsErrors of
   * RYNXS_PLUGIN_STOP_FAILED and RYNXS_PLUGIN_STOP_TIMEOUT). Idempotent: later calls get the first call's outcome.
   */
  stop(): Promise<void>;
  /**
   * The service of a token of cardinality `one`. Throws RYNXS_SERVICE_UNAVAILABLE unless the kernel is started (LOGGER,
   * CLOCK and RANDOM are always there), RYNXS_PROVIDER_MISSING when no started service provides it.
   */
  get<T>(token: Token<T>): T;
  /**
   * All services of a token of cardinality `many`, in the order in which they started; also none. Throws
   * RYNXS_SERVICE_UNAVAILABLE unless the kernel is started.
   */
  getAll<T>(token: Token<T>): readonly T[];
  /** What was started, in which order, and how long each took. */
  tree(): BootTree;
  /** What is loaded, for `rynxs plugins`. */
  describe(): readonly PluginDescription[];
}

/** One service in the boot tree. */
export interface BootNode {
  readonly plugin: string;
  /** `EVENT_STORE(file)`. */
  readonly service: string;
  readonly state: 'starting' | 'started' | 'failed' | 'stopped';
  /** Time of construction and start in milliseconds; undefined while it has not ended. */
  readonly elapsedMs: number | undefined;
}

export interface BootTree {
  /** Plugins in the order in which their first service started, each with its services in start order. */
  readonly plugins: readonly { readonly id: string; readonly services: readonly BootNode[] }[];
  /** Time of the whole start in milliseconds; undefined while it has not ended. */
  readonly elapsedMs: number | undefined;
  /** As lines for a terminal. */
  toString(): string;
}

export interface PluginDescription {
  readonly id: string;
  readonly apiVersion: number;
  /** `built in` (kernel or composition root), or the package or path from RYNXS_PLUGINS. */
  readonly origin: {
    readonly kind: 'built in' | 'package' | 'path';
    readonly name: string;
    readonly version?: string;
  };
  /** Whether the plugin was loaded; one that is not needed is only known by its manifest. */
  readonly loaded: boolean;
  readonly provides: readonly {
    readonly token: string;
    readonly type: string;
    /** Whether this provider is used. */
    readonly selected: boolean;
    /** The variable that selects it, where one does. */
    readonly selectedBy?: string;
  }[];
  /** The places that its settings come from, other than defaults: `rynxs.yaml:3`, `$LOG_DIR`, `--LOG_DIR`. */
  readonly configuredBy: readonly string[];
}
