import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { nodeBinary, root } from './install-and-build.mjs';

/** What decides what an image is, besides its sources. */
const RECIPE = [
  '.dockerignore',
  'Dockerfile',
  'scripts/image.mjs',
  'scripts/lib/image-build.mjs',
  'scripts/lib/image-engine.mjs',
  'scripts/lib/image-local-base.mjs',
];
const IGNORED = /^(dist|node_modules)$|\.test\.ts$/;
/** How long images of other working states stay: somebody may be using one. */
const KEPT_MS = 3_600_000;

/**
 * Path of a directory with the operator's image of this working copy, over bases that are made from this machine:
 * `image.tar`, `sbom.cdx.json`, and `build.json` with what `npm run image` said. Built once for the same sources, and kept
 * in .cache. Throws an Error that says why there is none.
 */
export function builtOperatorImage() {
  const directory = join(root, '.cache/operator-image');
  const target = join(directory, keyOfSources());
  if (!existsSync(target)) {
    mkdirSync(directory, { recursive: true });
    removeOlder(directory);
    build(target);
  }
  return target;
}

/** Built aside and then moved, so that a build that was interrupted leaves nothing that looks whole. */
function build(target) {
  const aside = mkdtempSync(`${target}.building-`);
  try {
    const files = ['--archive', join(aside, 'image.tar'), '--sbom', join(aside, 'sbom.cdx.json')];
    const args = [join(root, 'scripts/image.mjs'), '--local-base', '--output', 'json', ...files];
    const { status, stdout } = spawnSync(process.execPath, args, {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    if (status !== 0) throw new Error('it cannot be built; why stands above');
    writeFileSync(join(aside, 'build.json'), stdout);
    moveInto(aside, target);
  } finally {
    rmSync(aside, { recursive: true, force: true });
  }
}

/** Another run may have been faster. */
function moveInto(aside, target) {
  try {
    renameSync(aside, target);
  } catch (error) {
    if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
  }
}

function removeOlder(directory) {
  for (const name of readdirSync(directory)) {
    const path = join(directory, name);
    if (Date.now() - statSync(path).mtimeMs > KEPT_MS) rmSync(path, { recursive: true, force: true });
  }
}

/** Changes with everything that the image is made of: what .dockerignore lets through, and how it is built. */
function keyOfSources() {
  const hash = createHash('sha256').update(`${process.arch} ${statSync(nodeBinary).size}\n`);
  const sources = readFileSync(join(root, '.dockerignore'), 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('!'))
    .map((line) => line.slice(1));
  for (const path of [...sources, ...RECIPE].flatMap(filesOf)) {
    const content = readFileSync(join(root, path));
    hash.update(`${path} ${content.length}\n`).update(content);
  }
  return hash.digest('hex').slice(0, 16);
}

function filesOf(path) {
  if (!lstatSync(join(root, path)).isDirectory()) return [path];
  return readdirSync(join(root, path))
    .filter((name) => !IGNORED.test(name))
    .sort()
    .flatMap((name) => filesOf(join(path, name)));
}
