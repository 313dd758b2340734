import { type ConfigFile, readConfigFile } from './config-file.js';

/** Everything that settings are read from. */
export interface ConfigSources {
  readonly file: ConfigFile;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** By environment name or by path. */
  readonly flags: Readonly<Record<string, string>>;
}

const NO_FILE: ConfigFile = { entries: [], sections: [], errors: [] };

export async function readSources(options: {
  readonly configFile?: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly flags?: Readonly<Record<string, string>>;
}): Promise<ConfigSources> {
  const file = options.configFile === undefined ? NO_FILE : await readConfigFile(options.configFile);
  return { file, env: options.env, flags: options.flags ?? {} };
}
