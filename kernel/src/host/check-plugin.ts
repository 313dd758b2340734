import { schemaProblems } from '../config/check-schema.js';
import { PLUGIN_API_VERSION, type Plugin, type PluginManifest } from '../contracts/plugin.js';
import { dependenciesOf, isToken } from '../di/index.js';
import { type RynxsError, rynxsError } from '../errors/rynxs-error.js';

/** The outcome of a look at a contract version: none, a warning, or an error. */
export interface VersionVerdict {
  readonly error?: RynxsError;
  readonly warning?: string;
}

/** Judges the contract version of a plugin. One major version back works, with a warning. */
export function checkApiVersion(plugin: string, found: unknown): VersionVerdict {
  if (found === PLUGIN_API_VERSION) return {};
  const previous = PLUGIN_API_VERSION - 1;
  if (found === previous) {
    return {
      warning: `plugin ${plugin} was written for contract version ${previous}; the next major version of Rynxs will refuse it`,
    };
  }
  const supported = `${PLUGIN_API_VERSION} and ${previous}`;
  return { error: rynxsError('RYNXS_PLUGIN_API_VERSION', { plugin, found: String(found), supported }) };
}

/**
 * What is wrong with the shape of a plugin's definition, one clause each; `value` is what its module exports. Plain
 * JavaScript has no compiler to tell.
 */
export function pluginProblems(value: unknown): readonly string[] {
  if (typeof value !== 'object' || value === null)
    return ['its module has no default export made by definePlugin'];
  const plugin = value as Partial<Plugin>;
  const problems: string[] = [];
  if (typeof plugin.id !== 'string' || !/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(plugin.id)) {
    problems.push('its id is not in kebab-case');
  }
  if (!Array.isArray(plugin.provides)) problems.push('its provides is not a list');
  else for (const provider of plugin.provides) problems.push(...providerProblems(provider));
  if (plugin.config !== undefined) problems.push(...schemaProblems(plugin.config));
  return problems;
}

/** Where a definition and the manifest of its package disagree, one clause each. */
export function manifestProblems(plugin: Plugin, manifest: PluginManifest): readonly string[] {
  const defined = new Set(plugin.provides.map(({ token, type }) => `${token.name} (${type})`));
  const announced = new Set(
    Object.entries(manifest.provides).flatMap(([token, types]) => types.map((type) => `${token} (${type})`)),
  );
  return [
    ...[...announced]
      .filter((name) => !defined.has(name))
      .map((name) => `its package.json announces ${name}, which it does not provide`),
    ...[...defined]
      .filter((name) => !announced.has(name))
      .map((name) => `it provides ${name}, which its package.json does not announce under rynxs.provides`),
    ...(plugin.apiVersion === manifest.apiVersion
      ? []
      : [`its package.json says apiVersion ${manifest.apiVersion}, its definition ${plugin.apiVersion}`]),
  ];
}

/** The manifest in a package.json; undefined when there is none, or when it is not of the right shape. */
export function readManifest(value: unknown): PluginManifest | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { apiVersion, provides } = value as Partial<PluginManifest>;
  if (typeof apiVersion !== 'number' || typeof provides !== 'object' || provides === null) return undefined;
  const lists = Object.values(provides).every(
    (types) => Array.isArray(types) && types.every((type) => typeof type === 'string'),
  );
  return lists ? { apiVersion, provides } : undefined;
}

function providerProblems(provider: unknown): readonly string[] {
  if (typeof provider !== 'object' || provider === null)
    return ['a provider is not made by TOKEN.as(type, Class)'];
  const { token, type, implementation } = provider as Partial<Plugin['provides'][number]>;
  if (!isToken(token)) return ['a provider has no token'];
  if (typeof type !== 'string' || type === '') return [`its provider of ${token.name} has no type`];
  const of = `its provider of ${token.name} (${type})`;
  if (typeof implementation !== 'function') return [`${of} has no class`];
  try {
    dependenciesOf(implementation);
    return [];
  } catch (error) {
    return [`${of}: ${error instanceof Error ? error.message : String(error)}`];
  }
}
