import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Where the sources are, for those who have a package only. */
const REPOSITORY = 'git+https://github.com/rynxs/rynxs-agentos.git';
/** What every published package says in the same words; product versions move together. */
const SAME_IN_ALL = ['version', 'license', 'type', 'engines'];

/**
 * Checks package.json files, the lockfile, and that docs/DEPENDENCIES.md explains each runtime dependency.
 *
 * @param {string} root @param {string[]} packages folders relative to the root
 * @returns {string[]} one line per violation
 */
export function checkPackageFiles(root, packages) {
  const manifests = packages
    .filter((folder) => existsSync(join(root, folder, 'package.json')))
    .map((folder) => [`${folder}/package.json`, readJson(join(root, folder, 'package.json'))]);
  return [
    ...differences(manifests),
    ...manifests.flatMap(([place, manifest]) => wrongVersions(place, manifest)),
    ...manifests.flatMap(([place, manifest]) => wrongFiles(root, place, manifest)),
    ...manifests.flatMap(([place, manifest]) => wrongOrigin(root, place, manifest)),
    ...unexplained(root, manifests),
    ...lockfile(root),
  ];
}

function differences(manifests) {
  const [[firstPlace, first], ...others] = manifests;
  const missing = manifests.flatMap(([place, manifest]) =>
    ['name', 'description', ...SAME_IN_ALL]
      .filter((key) => manifest[key] === undefined)
      .map((key) => `${place}: no ${key}`),
  );
  const different = others.flatMap(([place, manifest]) =>
    SAME_IN_ALL.filter((key) => JSON.stringify(manifest[key]) !== JSON.stringify(first[key])).map(
      (key) => `${place}: ${key} differs from ${firstPlace}`,
    ),
  );
  return [...missing, ...different];
}

function wrongVersions(place, { version, dependencies = {} }) {
  return Object.entries(dependencies)
    .filter(([name, range]) => name.startsWith('@rynxs/') && range !== version)
    .map(([name, range]) => `${place}: ${name} is ${range}, not ${version}`);
}

/** What was built is published, but for tests and what only tests use; a test kit that is exported is for others, too. */
function wrongFiles(root, place, { exports = {}, files = [] }) {
  const hasHelpers = readdirSync(join(root, dirname(place), 'src'), { recursive: true }).some((path) =>
    /(^|\/)testing$/.test(path),
  );
  const helpers = hasHelpers && exports['./testing'] === undefined ? ['!dist/**/testing'] : [];
  return ['dist', '!dist/**/*.map', '!dist/**/*.test.*', '!dist/.tsbuildinfo', ...helpers]
    .filter((pattern) => !files.includes(pattern))
    .map((pattern) => `${place}: files lacks ${pattern}`);
}

/** Who has a package alone must find its sources, what it is, and on which terms. */
function wrongOrigin(root, place, { repository }) {
  const folder = dirname(place);
  const licence = join(root, folder, 'LICENSE');
  return [
    ...(repository?.url === REPOSITORY && repository.directory === folder
      ? []
      : [`${place}: repository is not ${REPOSITORY} with the directory ${folder}`]),
    ...(existsSync(join(root, folder, 'README.md')) ? [] : [`${folder}: no README.md`]),
    ...(existsSync(licence) && readFileSync(licence, 'utf8') === readFileSync(join(root, 'LICENSE'), 'utf8')
      ? []
      : [`${folder}: LICENSE is not that of the repository`]),
  ];
}

function unexplained(root, manifests) {
  const path = join(root, 'docs/DEPENDENCIES.md');
  const text = existsSync(path) ? readFileSync(path, 'utf8') : '';
  const used = new Set(
    manifests.flatMap(([, { dependencies = {} }]) =>
      Object.keys(dependencies).filter((name) => !name.startsWith('@rynxs/')),
    ),
  );
  const explained = new Set([...text.matchAll(/^\| `([^`]+)`/gm)].map(([, name]) => name));
  return [
    ...[...used]
      .filter((name) => !explained.has(name))
      .map((name) => `docs/DEPENDENCIES.md: nothing on ${name}`),
    ...[...explained]
      .filter((name) => !used.has(name))
      .map((name) => `docs/DEPENDENCIES.md: ${name} is no dependency`),
  ];
}

/** Addresses of one registry would tie every installation to it, and integrity is what pins a package. */
function lockfile(root) {
  const { packages } = readJson(join(root, 'package-lock.json'));
  return Object.entries(packages)
    .filter(
      ([, entry]) => entry.resolved?.startsWith('http') || (entry.resolved !== undefined && !entry.link),
    )
    .map(([path]) => `package-lock.json: ${path} names an address`);
}

function readJson(path) {
  return JSON.parse(readFileSync(path, 'utf8'));
}
