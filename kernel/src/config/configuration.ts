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
  /** The exact place: `rynxs.yaml:12`, `$LOG_DIR`, `--LOG_DIR`; empty for defaults. */
  readonly where: string;
  readonly doc: string;
}

/** The resolved configuration of a process. */
export interface Configuration {
  /** For `rynxs config print`: all settings in a stable order. */
  print(): readonly ResolvedSetting[];
}
