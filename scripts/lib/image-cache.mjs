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
} from 'node:fs';
import { join } from 'node:path';
import { buildImage } from './image-build.mjs';
import { nodeBinary, root } from './install-and-build.mjs';

/** The name that the chart has for the image of this version. */
export const OPERATOR_IMAGE = 'ghcr.io/rynxs/operator:v0.1.0';
/** What decides what an image is, besides its sources. */
const RECIPE = [
  '.dockerignore',
  'Dockerfile',
  'scripts/lib/image-local-base.mjs',
  'scripts/lib/image-engine.mjs',
];
const IGNORED = /^(dist|node_modules)$|\.test\.ts$/;
/** Of other working states; somebody may be using the newest. */
const KEPT_MS = 3_600_000;

/**
 * Path of an archive with the operator's image of this working copy, over bases that are made from this machine: built
 * once for the same sources, and kept in .cache. Throws an Error that says why there is none.
 */
export async function operatorImageArchive(directory = join(root, '.cache/operator-image')) {
  const target = join(directory, keyOfSources());
  const archive = join(target, 'image.tar');
  if (!existsSync(archive)) {
    mkdirSync(directory, { recursive: true });
    removeOlder(directory);
    await build(target);
  }
  return archive;
}

/** Built aside and then moved, so that a build that was interrupted leaves nothing that looks whole. */
async function build(target) {
  const aside = mkdtempSync(`${target}.building-`);
  const interruption = new AbortController();
  const interrupt = () => interruption.abort(new Error('the build of the image was interrupted'));
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, interrupt);
  process.stderr.write(`Building ${OPERATOR_IMAGE} for the tests, once …\n`);
  try {
    const { sizeBytes } = await buildImage({
      tag: OPERATOR_IMAGE,
      archive: join(aside, 'image.tar'),
      sbom: join(aside, 'sbom.cdx.json'),
      isLocal: true,
      verbose: false,
      signal: interruption.signal,
    });
    process.stderr.write(`Built ${OPERATOR_IMAGE}: ${(sizeBytes / 1e6).toFixed(0)} MB\n`);
    moveInto(aside, target);
  } finally {
    for (const signal of ['SIGINT', 'SIGTERM']) process.off(signal, interrupt);
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
