import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

/** What readers and clusters see; tests may make up versions. */
const FOR_USERS = /\.(md|ya?ml|mjs|json|tpl|txt)$|Dockerfile$/;
const OF_TESTS = /^test\/|\.test\./;
/** Names of the image with a tag; a tag that is not the version sends readers to another operator than they read about. */
const IMAGE = /ghcr\.io\/rynxs\/operator:(v\d[\w.-]*)/g;

/**
 * Checks that everything names the one version of the root's package.json: the chart, the image, the changelog and the
 * release notes. (That the packages do is a matter of package-files.mjs.)
 *
 * @param {string} root @param {string[]} files relative to the root
 * @returns {string[]} one line per violation
 */
export function checkVersions(root, files) {
  const { version } = JSON.parse(read(root, 'package.json'));
  return [
    ...chart(root, version),
    ...headings(root, version),
    ...files
      .filter((file) => FOR_USERS.test(file) && !OF_TESTS.test(file) && existsSync(join(root, file)))
      .flatMap((file) =>
        [...read(root, file).matchAll(IMAGE)]
          .filter(([, tag]) => tag !== `v${version}`)
          .map(([name]) => `${file}: ${name} is not of version ${version}`),
      ),
  ];
}

function chart(root, version) {
  const path = 'helm/rynxs/Chart.yaml';
  const found = parse(read(root, path));
  return [
    ...(found.version === version ? [] : [`${path}: version is ${found.version}, not ${version}`]),
    ...(found.appVersion === `v${version}`
      ? []
      : [`${path}: appVersion is ${found.appVersion}, not v${version}`]),
  ];
}

/** Until it is released, a version is `Unreleased` in the changelog; its notes exist before. */
function headings(root, version) {
  const [, newest] = /^## (?:\[)?([\w.]+)/m.exec(read(root, 'CHANGELOG.md')) ?? [];
  const [, noted] = /^## ([\w.]+)/m.exec(read(root, 'docs/RELEASE_NOTES.md')) ?? [];
  return [
    ...(newest === 'Unreleased' || newest === version
      ? []
      : [`CHANGELOG.md: begins with ${newest}, neither Unreleased nor ${version}`]),
    ...(noted === version ? [] : [`docs/RELEASE_NOTES.md: begins with ${noted}, not ${version}`]),
  ];
}

function read(root, path) {
  return readFileSync(join(root, path), 'utf8');
}
