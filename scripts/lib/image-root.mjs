// Runs in the build stage of the Dockerfile, where production dependencies alone are installed: built-in modules only.
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { imageSbom } from './sbom.mjs';

/** Types, and what debuggers read: half of all bytes of the packages, of which a running operator reads none. */
const NOT_FOR_RUNNING = /\.(map|d\.ts|d\.mts|d\.cts)$/;
/** Test kits, which need test frameworks. */
const TEST_KIT = /^dist\/testing\//;
/** What plugins share with the operator, wherever they are mounted. */
const PEERS = ['@rynxs/kernel', '@rynxs/log'];

const { values: options } = parseArgs({
  options: { out: { type: 'string' }, base: { type: 'string' }, node: { type: 'string' } },
});
const root = join(options.out, 'root');
const modules = join(root, 'app/node_modules');
const { version } = JSON.parse(readFileSync('package.json', 'utf8'));

installDependencies();
for (const published of publishedPackages()) installPackage(published);
linkCommand();
linkPeers();
copyFileSync('LICENSE', join(root, 'app/LICENSE'));
// Parents of what the Dockerfile gives to the operator's user, so that they are not that user's, too.
for (const path of ['plugins', 'var/lib']) mkdirSync(join(root, path), { recursive: true });
writeSbom();
mkdirSync(join(options.out, 'state/logs'), { recursive: true });

/** What npm has installed, without the links to this repository's own packages. */
function installDependencies() {
  copyModules('node_modules', modules);
}

/** The packages of this repository: what would be published of each. */
function publishedPackages() {
  const folders = workspaces();
  const packed = JSON.parse(npm('pack', '--dry-run', '--json', '--ignore-scripts', '--workspaces'));
  return packed.map(({ name, files }) => ({
    name,
    folder: folders.get(name),
    files: files.map(({ path }) => path),
  }));
}

function installPackage({ name, folder, files }) {
  const target = join(modules, name);
  for (const file of files) {
    if (NOT_FOR_RUNNING.test(file) || TEST_KIT.test(file)) continue;
    mkdirSync(dirname(join(target, file)), { recursive: true });
    copyFileSync(join(folder, file), join(target, file));
  }
  const own = join(folder, 'node_modules');
  if (existsSync(own)) copyModules(own, join(target, 'node_modules'));
}

function copyModules(from, to) {
  cpSync(from, to, {
    recursive: true,
    filter: (path) =>
      !NOT_FOR_RUNNING.test(path) && !basename(path).startsWith('.') && !lstatSync(path).isSymbolicLink(),
  });
}

/** `rynxs` for PATH, as npm would link it; its first line names the base's Node, as there may be no `env` to find it. */
function linkCommand() {
  const command = join(modules, 'rynxs/bin/rynxs.js');
  const text = readFileSync(command, 'utf8');
  writeFileSync(command, text.replace(/^#!.*/, `#!${options.node}`));
  chmodSync(command, 0o755);
  mkdirSync(join(modules, '.bin'));
  symlinkSync('../rynxs/bin/rynxs.js', join(modules, '.bin/rynxs'));
}

/** Node looks for packages in every directory above: from anywhere it comes to these, so that there is one copy of each. */
function linkPeers() {
  mkdirSync(join(root, 'node_modules/@rynxs'), { recursive: true });
  for (const name of PEERS) symlinkSync(`../../app/node_modules/${name}`, join(root, 'node_modules', name));
}

function writeSbom() {
  forgetDevelopment();
  const bom = JSON.parse(npm('sbom', '--sbom-format', 'cyclonedx', '--omit', 'dev'));
  const node = execFileSync(join(options.base, options.node), ['--version'], { encoding: 'utf8' }).trim();
  const seconds = process.env.SOURCE_DATE_EPOCH || Math.floor(Date.now() / 1000);
  const sbom = imageSbom(bom, { version, node: node.slice(1), seconds: Number(seconds) });
  writeFileSync(join(root, 'app/sbom.cdx.json'), `${JSON.stringify(sbom, null, 2)}\n`);
}

/** npm makes no bill of materials where packages are missing, if only for development. Done last: these files stay here. */
function forgetDevelopment() {
  for (const folder of ['.', ...workspaces().values()]) {
    const file = join(folder, 'package.json');
    const manifest = JSON.parse(readFileSync(file, 'utf8'));
    writeFileSync(file, JSON.stringify({ ...manifest, devDependencies: undefined }));
  }
}

/** The folders of this repository's packages by their names. */
function workspaces() {
  const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8'));
  return new Map(
    Object.entries(packages)
      .filter(([, { link }]) => link === true)
      .map(([path, { resolved }]) => [path.replace('node_modules/', ''), resolved]),
  );
}

function npm(...args) {
  return execFileSync('npm', args, { encoding: 'utf8', maxBuffer: 64 * 2 ** 20 });
}
