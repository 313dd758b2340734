// Runs on any Node >= 20 with nothing installed: built-in modules only.
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository's root. */
export const root = fileURLToPath(new URL('../../', import.meta.url)).replace(/\/$/, '');

/** The Node that Rynxs runs on, installed as a devDependency so that the caller's Node does not matter. */
export const nodeBinary = join(root, 'node_modules/.bin/node');

/** Why the system cannot be installed or built, in words for its user. */
export class SetupError extends Error {
  name = 'SetupError';
  /** @param {string} message what is wrong @param {string} remedy what the user can do */
  constructor(message, remedy) {
    super(message);
    this.remedy = remedy;
  }
}

/**
 * Installs dependencies when they are missing or other than package-lock.json says, then compiles what is newer than
 * its output. Progress goes to stderr, so that stdout stays the caller's. Throws SetupError.
 */
export function installAndBuild() {
  requireNode();
  if (!isInstalled()) install();
  build();
}

/** Runs `main`; a SetupError that it throws ends the process with message, remedy and exit code 1. */
export async function runScript(main) {
  try {
    process.exitCode = (await main()) ?? 0;
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    process.stderr.write(`error: ${error.message}\n  remedy: ${error.remedy}\n`);
    process.exitCode = 1;
  }
}

/** The packages that `tsc -b` compiles, as folders relative to the root. */
export function packages() {
  const { references } = JSON.parse(readFileSync(join(root, 'tsconfig.json'), 'utf8'));
  return references.map((reference) => reference.path);
}

function requireNode() {
  const [major] = process.versions.node.split('.');
  if (Number(major) >= 20) return;
  throw new SetupError(
    `Node ${process.versions.node} is too old`,
    'Install Node 20 or newer (https://nodejs.org), then run the command again.',
  );
}

/** Whether node_modules holds exactly the versions of package-lock.json; compared by content, as times mislead. */
function isInstalled() {
  if (!existsSync(nodeBinary)) return false;
  let installed;
  try {
    installed = JSON.parse(readFileSync(join(root, 'node_modules/.package-lock.json'), 'utf8')).packages;
  } catch {
    return false;
  }
  const wanted = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
  return Object.entries(wanted).every(([path, entry]) => {
    if (!path.includes('node_modules/')) return true;
    const found = installed[path];
    return found === undefined ? entry.optional === true : found.version === entry.version;
  });
}

function install() {
  requireWritable();
  process.stderr.write('Installing dependencies (npm ci) …\n');
  const { status, error } = run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error']);
  if (error !== undefined) {
    throw new SetupError(`npm cannot be run: ${error.message}`, 'Install npm, which comes with Node.');
  }
  if (status !== 0) {
    throw new SetupError(
      `npm ci failed with exit code ${status}; its own message stands above`,
      'Check the network and the registry that npm uses (`npm config get registry`), then run the command again.',
    );
  }
  if (!existsSync(nodeBinary)) {
    throw new SetupError(
      'npm ci installed no Node for this system: node_modules/.bin/node is missing',
      'Allow the install script of the package `node` (`npm config get ignore-scripts` must say false) on Linux or macOS.',
    );
  }
}

function build() {
  const started = performance.now();
  const firstTime = !existsSync(join(root, 'cli/dist'));
  if (firstTime) {
    requireWritable();
    process.stderr.write('Building …\n');
  }
  const { status } = run(nodeBinary, [join(root, 'node_modules/typescript/bin/tsc'), '-b', root]);
  if (status !== 0) {
    throw new SetupError(
      'the build failed; the compiler names the places above',
      'Correct the sources, or return to a clean clone (`git status` shows what differs).',
    );
  }
  removeStaleOutput();
  if (firstTime) process.stderr.write(`Built in ${((performance.now() - started) / 1000).toFixed(1)} s\n`);
}

/** Output of sources that are gone would still be imported and tested; the compiler leaves it behind. */
function removeStaleOutput() {
  for (const folder of packages()) {
    const dist = join(root, folder, 'dist');
    for (const file of readdirSync(dist, { recursive: true })) {
      if (!file.endsWith('.js')) continue;
      const name = file.slice(0, -'.js'.length);
      if (existsSync(join(root, folder, 'src', `${name}.ts`))) continue;
      for (const extension of ['.js', '.js.map', '.d.ts'])
        rmSync(join(dist, name + extension), { force: true });
    }
  }
}

function requireWritable() {
  try {
    accessSync(root, constants.W_OK);
  } catch (error) {
    throw new SetupError(
      `${root} cannot be written (${error.code}), and dependencies and build output belong there`,
      'Clone into a directory that you may write, or run the command once where it is writable.',
    );
  }
}

function run(command, args) {
  return spawnSync(command, args, { cwd: root, stdio: ['ignore', 2, 2] });
}
