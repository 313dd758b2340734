import { execFileSync } from 'node:child_process';
import { lstatSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Where the Dockerfile puts its bill of materials. */
const SBOM = 'app/sbom.cdx.json';

/**
 * Unpacks an archive of an image, as `docker save` writes one, and says what is in it.
 *
 * @param {string} archive
 * @param {string} directory empty; what is unpacked stays there
 * @returns {{ config: object, layers: { digest: string, sizeBytes: number }[], sbom: string, packages: { name: string,
 *   version: string, directory: string }[] }} the image's configuration (OCI image specification), its layers as they
 *   are unpacked, the text of the bill of materials that is in it, and the npm packages of its files
 */
export function readImage(archive, directory) {
  const parts = join(directory, 'parts');
  const root = join(directory, 'root');
  for (const path of [parts, root]) mkdirSync(path);
  untar(archive, parts);
  const [manifest] = readJson(join(parts, 'manifest.json'));
  const config = readJson(join(parts, manifest.Config));
  for (const layer of manifest.Layers) untar(join(parts, layer), root);
  return {
    config: config.config,
    layers: manifest.Layers.map((layer, index) => ({
      digest: config.rootfs.diff_ids[index],
      sizeBytes: statSync(join(parts, layer)).size,
    })),
    sbom: readFileSync(join(root, SBOM), 'utf8'),
    packages: packagesIn(join(root, 'app')),
  };
}

/** Packages as Node looks for them: directories of a `node_modules`, or of a scope in one. */
function packagesIn(directory) {
  const found = [];
  for (const { name, path } of directoriesOf(directory)) {
    if (name !== 'node_modules') found.push(...packagesIn(path));
    else for (const installed of installedIn(path)) found.push(describe(installed), ...packagesIn(installed));
  }
  return found;
}

function installedIn(modules) {
  return directoriesOf(modules)
    .filter(({ name }) => !name.startsWith('.'))
    .flatMap(({ name, path }) =>
      name.startsWith('@') ? directoriesOf(path).map((inner) => inner.path) : [path],
    );
}

function describe(directory) {
  const { name, version } = readJson(join(directory, 'package.json'));
  return { name, version, directory };
}

function directoriesOf(directory) {
  return readdirSync(directory)
    .map((name) => ({ name, path: join(directory, name) }))
    .filter(({ path }) => lstatSync(path).isDirectory());
}

function untar(file, directory) {
  execFileSync('tar', ['-xf', file, '-C', directory, '--no-same-owner']);
}

function readJson(file) {
  return JSON.parse(readFileSync(file, 'utf8'));
}
