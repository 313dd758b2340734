import type { ConfigSchema, ConfigValues } from '../contracts/config.js';
import { resolveConfiguration } from './resolve-configuration.js';

/**
 * A plugin's settings from the environment alone, for what runs without a kernel. Throws RYNXS_CONFIG_INVALID or
 * RYNXS_CONFIG_MISSING for the first one that is not as it should be.
 */
export function settingsFrom<S extends ConfigSchema>(
  pluginId: string,
  schema: S,
  env: Readonly<Record<string, string | undefined>>,
): ConfigValues<S> {
  const file = { entries: [], sections: [], errors: [] };
  const resolution = resolveConfiguration([{ id: pluginId, schema }], { file, env, flags: {} });
  const [error] = [...resolution.errors, ...resolution.missing(pluginId)];
  if (error !== undefined) throw error;
  // What the schema's types accept is what resolving has let through.
  return (resolution.values.get(pluginId) ?? {}) as ConfigValues<S>;
}
