import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { readImage } from './image-archive.mjs';
import { findEngine } from './image-engine.mjs';
import { makeLocalBases } from './image-local-base.mjs';
import { root, SetupError } from './install-and-build.mjs';
import { sbomDifferences } from './sbom.mjs';

/** Base images, sources, dependencies and the image, each once or twice. */
const NEEDED_BYTES = 3 * 2 ** 30;

/**
 * Builds the operator's image from this working copy. Everything that is made on the way is removed, whatever happens.
 * Throws SetupError, or the reason of `signal`.
 *
 * @param {object} options
 * @param {string} options.tag name of the image
 * @param {string} options.archive where the image is written, as `docker save` does
 * @param {string} options.sbom where its bill of materials is written, as CycloneDX 1.5 in JSON
 * @param {string} [options.base] image to run in, instead of the Dockerfile's
 * @param {string} [options.buildBase] image to build in, instead of the Dockerfile's
 * @param {boolean} options.isLocal whether both are made from this machine
 * @param {boolean} options.verbose whether everything is shown that the engine prints
 * @param {AbortSignal} options.signal gives the build up
 */
export async function buildImage({ tag, archive, sbom, base, buildBase, isLocal, verbose, signal }) {
  const directory = mkdtempSync(join(tmpdir(), 'rynxs-image-'));
  try {
    requireSpace(directory);
    const engine = findEngine({ directory, verbose, signal });
    const local = isLocal ? makeLocalBases(directory) : undefined;
    for (const image of Object.values(local ?? {})) await engine.load(image.archive);
    await engine.build({
      tag,
      buildArgs: buildArguments(local?.base.name ?? base, local?.build.name ?? buildBase),
      npmrc: settingsOfNpm(),
      npmCache: cacheOfNpm(),
      seconds: secondsOfSources(),
      isLocal,
    });
    for (const file of [archive, sbom]) mkdirSync(dirname(file), { recursive: true });
    // An older one would be added to.
    rmSync(archive, { force: true });
    await engine.save(tag, archive);
    return { engine: engine.name, tag, archive, sbom, ...checkImage(archive, sbom, directory) };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Reads what was built, and writes its bill of materials once that is found to be of what is in it. */
function checkImage(archive, sbom, directory) {
  const unpacked = join(directory, 'image');
  mkdirSync(unpacked);
  const image = readImage(archive, unpacked);
  const differences = sbomDifferences(JSON.parse(image.sbom), image.packages);
  if (differences.length > 0) {
    throw new SetupError(
      `the bill of materials is not of this image:\n${differences.join('\n')}`,
      'Correct scripts/lib/image-root.mjs, which puts both into the image.',
    );
  }
  writeFileSync(sbom, image.sbom);
  return {
    sizeBytes: image.layers.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    layers: image.layers,
    packages: image.packages.length,
    labels: image.config.Labels,
  };
}

function buildArguments(base, buildBase) {
  return {
    ...(base === undefined ? {} : { BASE_IMAGE: base }),
    ...(buildBase === undefined ? {} : { BUILD_IMAGE: buildBase }),
    VERSION: `v${JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version}`,
    REVISION: git('describe', '--always', '--dirty', '--abbrev=40', '--exclude=*') ?? 'unknown',
    SOURCE_DATE_EPOCH: String(secondsOfSources()),
  };
}

/** As reproducible-builds.org/specs/source-date-epoch says: the time of the last commit, so that it can be built again. */
function secondsOfSources() {
  const { SOURCE_DATE_EPOCH: given } = process.env;
  if (given !== undefined && /^\d+$/.test(given)) return Number(given);
  return Number(git('log', '-1', '--format=%ct') ?? Math.floor(Date.now() / 1000));
}

function git(...args) {
  const { status, stdout } = spawnSync('git', args, { cwd: root, encoding: 'utf8' });
  return status === 0 ? stdout.trim() : undefined;
}

/** Registry, proxies and certificates of this user are the build's, too. */
function settingsOfNpm() {
  const file = npmConfig('userconfig');
  return existsSync(file) ? file : undefined;
}

function cacheOfNpm() {
  const directory = npmConfig('cache');
  mkdirSync(directory, { recursive: true });
  return directory;
}

function npmConfig(name) {
  return execFileSync('npm', ['config', 'get', name], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  }).trim();
}

function requireSpace(directory) {
  const { bavail, bsize } = statfsSync(directory);
  if (bavail * bsize >= NEEDED_BYTES) return;
  throw new SetupError(
    `${tmpdir()} has ${(bavail * bsize) / 2 ** 20} MiB left, and a build takes ${NEEDED_BYTES / 2 ** 20} for a while`,
    'Make room, or name a directory on another disk: TMPDIR=/path npm run image',
  );
}
