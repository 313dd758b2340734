import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { PluginManifest } from '../contracts/plugin.js';
import { readManifest } from './check-plugin.js';

/** What the host reads of a package.json. */
export interface PackageDescription {
  readonly name: string;
  readonly version?: string;
  /** Directory of the package, without symbolic links. */
  readonly directory: string;
  /** `file:` URL of its entry point. */
  readonly module: string;
  readonly manifest?: PluginManifest;
}

/** The fields of a package.json that matter here; anybody may have written it. */
interface PackageJson {
  readonly name?: unknown;
  readonly version?: unknown;
  readonly main?: unknown;
  readonly exports?: unknown;
  readonly rynxs?: unknown;
}

/** More packages than this are not looked at when a missing plugin is searched for. */
const MAX_PACKAGES_SEARCHED = 5_000;

/**
 * Finds an installed package as Node does: in `node_modules` of `from` and of the directories above. Resolves to
 * undefined when it is not there.
 */
export async function findPackage(name: string, from: string): Promise<PackageDescription | undefined> {
  for (const modules of moduleDirectories(from)) {
    const found = await describePackage(join(modules, name));
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Reads the package.json of a directory; undefined when it has none. Throws when it is not valid. */
export async function describePackage(directory: string): Promise<PackageDescription | undefined> {
  const text = await readFile(join(directory, 'package.json'), 'utf8').catch((error: unknown) => {
    if (isMissing(error)) return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  const json = JSON.parse(text) as PackageJson;
  const root = await realpath(directory);
  const manifest = readManifest(json.rynxs);
  if (json.rynxs !== undefined && manifest === undefined) {
    throw new Error(
      '`rynxs` in its package.json must be {"apiVersion": number, "provides": {"TOKEN": ["type"]}}',
    );
  }
  return {
    name: typeof json.name === 'string' ? json.name : root,
    directory: root,
    module: pathToFileURL(join(root, entryPoint(json))).href,
    ...(typeof json.version === 'string' ? { version: json.version } : {}),
    ...(manifest === undefined ? {} : { manifest }),
  };
}

/** Installed packages that announce a provider of a token and type; a slow search, for error messages. */
export async function findInstalledProviders(
  token: string,
  type: string,
  from: string,
): Promise<readonly string[]> {
  const found: string[] = [];
  let left = MAX_PACKAGES_SEARCHED;
  for (const modules of moduleDirectories(from)) {
    for (const name of await packageNames(modules)) {
      if (left-- <= 0) return found;
      // A broken package of somebody else is not what the message is about.
      const description = await describePackage(join(modules, name)).catch(() => undefined);
      if (description?.manifest?.provides[token]?.includes(type) === true) found.push(description.name);
    }
  }
  return [...new Set(found)];
}

/** Whether a path names a directory. Throws the file system's error when there is nothing. */
export async function isDirectory(path: string): Promise<boolean> {
  return (await stat(path)).isDirectory();
}

function moduleDirectories(from: string): readonly string[] {
  const directories: string[] = [];
  for (let at = resolve(from); ; at = dirname(at)) {
    directories.push(join(at, 'node_modules'));
    if (dirname(at) === at) return directories;
  }
}

async function packageNames(modules: string): Promise<readonly string[]> {
  const names: string[] = [];
  for (const entry of await readdir(modules).catch(() => [])) {
    if (entry.startsWith('.')) continue;
    if (!entry.startsWith('@')) names.push(entry);
    else
      for (const inner of await readdir(join(modules, entry)).catch(() => []))
        names.push(`${entry}/${inner}`);
  }
  return names;
}

/** The entry point of an ES module package: `exports` before `main`. See nodejs.org/api/packages.html. */
function entryPoint(json: PackageJson): string {
  const exported = json.exports;
  const root = isRecord(exported) && '.' in exported ? exported['.'] : exported;
  const main = typeof json.main === 'string' ? json.main : 'index.js';
  return conditional(root) ?? main;
}

function conditional(target: unknown): string | undefined {
  if (typeof target === 'string') return target;
  if (Array.isArray(target)) return target.map(conditional).find((path) => path !== undefined);
  if (!isRecord(target)) return undefined;
  for (const [condition, inner] of Object.entries(target)) {
    if (!['node', 'import', 'module-sync', 'default'].includes(condition)) continue;
    const path = conditional(inner);
    if (path !== undefined) return path;
  }
  return undefined;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
}
