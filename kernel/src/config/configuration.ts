import type { Setting } from '../contracts/config.js';

/** Where a value came from; later ones win. */
export type ConfigOrigin = 'unset' | 'default' | 'file' | 'environment' | 'flag';

/** One setting after resolution. */
export interface ResolvedSetting {
  /** `<plugin id>.<name>`, or `kernel.<name>`: the path in rynxs.yaml. */
  readonly path: string;
  readonly env: string;
  /** The value as a user would write it; `<hidden>` when it is sensitive; undefined when it is unset. */
  readonly value: string | undefined;
  readonly origin: ConfigOrigin;
  /** The exact place: `rynxs.yaml:12`, `$LOG_DIR`, `--LOG_DIR`; empty for defaults and what is unset. */
  readonly where: string;
  readonly doc: string;
}

/** The resolved configuration of a process. */
export interface Configuration {
  /** For `rynxs config print`: all settings, by section, in the order in which they were declared. */
  print(): readonly ResolvedSetting[];
}

/** Settings that belong together: the kernel's, or those of one plugin. */
export interface ConfigSection {
  /** `kernel`, or the id of the plugin. */
  readonly id: string;
  readonly schema: Readonly<Record<string, Setting>>;
}
