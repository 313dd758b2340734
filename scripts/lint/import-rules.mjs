import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { join } from 'node:path';
import { cruise } from 'dependency-cruiser';

/** Which packages of this repository each one may import. The arrows of docs/ARCHITECTURE.md. */
const MAY_IMPORT = [
  { package: /^log$/, internal: [] },
  { package: /^kernel$/, internal: ['@rynxs/log'] },
  { package: /^plugins\//, internal: ['@rynxs/log', '@rynxs/kernel'] },
  { package: /^cli$/, internal: 'all' },
  { package: /^test$/, internal: 'all' },
];

/** Tests, and what only tests use; the test kits of log and kernel are published: the rules for products hold there. */
const TESTS = String.raw`\.test\.js$|^test/|^(?!(?:kernel|log)/).*/testing/`;
const IMPORT = /^(import|export)\b[^;=]*?\bfrom\s*['"]|^import\s*['"]/m;
const SAME_PACKAGE = '^((?:plugins/)?[^/]+)/dist/';

/** Rules of dependency-cruiser; it sees compiled modules, as it cannot read what TypeScript 7 compiles. */
const RULES = [
  {
    name: 'log-imports-nothing',
    comment: 'An auditor reads @rynxs/log alone: it imports nothing but hashing and buffers.',
    from: { path: '^log/dist/', pathNot: TESTS },
    to: { pathNot: ['^log/dist/', '^(node:)?(crypto|buffer)$'] },
  },
  {
    name: 'kernel-imports-only-log',
    comment: 'The kernel knows no plugin and no command.',
    from: { path: '^kernel/dist/' },
    to: { path: '^(plugins|cli|test)/' },
  },
  {
    name: 'plugins-import-no-other-plugin',
    comment: 'Plugins meet through tokens, never through imports.',
    from: { path: '^plugins/([^/]+)/dist/' },
    to: { path: '^plugins/', pathNot: '^plugins/$1/' },
  },
  {
    name: 'plugins-import-no-command',
    comment: 'The command knows the plugins, not the other way round.',
    from: { path: '^plugins/' },
    to: { path: '^(cli|test)/' },
  },
  {
    name: 'packages-meet-at-entry-points',
    comment: 'Another package is imported by its name, not by a path into it.',
    from: { path: SAME_PACKAGE },
    to: { dependencyTypes: ['local'], dependencyTypesNot: ['aliased-workspace'], pathNot: '^$1/dist/' },
  },
  {
    name: 'only-di-knows-tsyringe',
    comment: 'tsyringe is an implementation detail of kernel/src/di.',
    from: { pathNot: '^kernel/dist/di/' },
    to: { path: '^node_modules/(tsyringe|reflect-metadata)/' },
  },
  {
    name: 'dependencies-are-declared',
    comment: "What a package imports stands in the dependencies of the package's own package.json.",
    from: { pathNot: TESTS },
    to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown', 'npm-dev'] },
  },
  {
    name: 'imports-exist',
    comment: 'Every import can be resolved.',
    from: {},
    to: { couldNotResolve: true },
  },
  {
    name: 'no-cycles',
    comment: 'Modules do not import each other in a circle.',
    from: {},
    to: { circular: true },
  },
  {
    name: 'no-test-code-in-products',
    comment: 'Only tests and the test kit import tests and the test kit.',
    from: { path: SAME_PACKAGE, pathNot: [TESTS, '^(?:kernel|log)/dist/testing/'] },
    to: { path: ['/testing/', String.raw`\.test\.js$`] },
  },
];

/** Names of all rules, so that a test can show that each one can fail. */
export const RULE_NAMES = [
  ...RULES.map((rule) => rule.name),
  'all-modules-were-seen',
  'type-imports-are-declared',
  'internal-dependencies-are-allowed',
];

/**
 * Checks who imports whom in the compiled packages, and what their sources import for types alone.
 *
 * @param {string} root @param {string[]} packages folders relative to the root
 * @returns {Promise<string[]>} one line per violation, beginning with the rule's name
 */
export async function checkImports(root, packages) {
  const built = packages.filter((folder) => existsSync(join(root, folder, 'dist')));
  const { output } = await cruise(
    built.map((folder) => `${folder}/dist`),
    {
      baseDir: root,
      validate: true,
      ruleSet: { forbidden: RULES.map((rule) => ({ severity: 'error', ...rule })) },
      doNotFollow: { path: '^node_modules/' },
      enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default'] },
    },
  );
  const violations = output.summary.violations.map(({ rule, from, to, cycle }) => {
    const target = cycle === undefined ? to : cycle.map(({ name }) => name).join(' → ');
    return `${rule.name}: ${from} → ${target}`;
  });
  return [
    ...violations,
    ...packages.flatMap((folder) => unseen(root, folder, output.modules)),
    ...packages.flatMap((folder) => undeclared(root, folder)),
  ];
}

/** A cruise that sees nothing reports success; so each source must have been seen, with imports where it has some. */
function unseen(root, folder, modules) {
  const seen = new Map(modules.map((module) => [module.source, module.dependencies.length]));
  return sources(root, folder).flatMap((name) => {
    const module = `${folder}/dist/${name.replace(/\.ts$/, '.js')}`;
    const dependencies = seen.get(module);
    if (dependencies === undefined) return [`all-modules-were-seen: ${module} was not`];
    const compiled = readFileSync(join(root, module), 'utf8');
    if (dependencies > 0 || !IMPORT.test(compiled)) return [];
    return [`all-modules-were-seen: ${module} was, but none of its imports`];
  });
}

/** Imports for types alone are gone from the compiled module; they still are knowledge of another package. */
function undeclared(root, folder) {
  const manifestPath = join(root, folder, 'package.json');
  const rootManifest = readManifest(join(root, 'package.json'));
  const manifest = existsSync(manifestPath) ? readManifest(manifestPath) : rootManifest;
  const declared = new Set([
    manifest.name,
    ...Object.keys({
      ...manifest.dependencies,
      ...manifest.peerDependencies,
      ...manifest.optionalDependencies,
    }),
  ]);
  const forTests = new Set([...declared, ...Object.keys(rootManifest.devDependencies ?? {})]);
  const { internal } = MAY_IMPORT.find((entry) => entry.package.test(folder)) ?? { internal: [] };
  const violations = [...declared]
    .filter((name) => name !== manifest.name && /^(@rynxs\/|rynxs$)/.test(name))
    .filter((name) => internal !== 'all' && !internal.includes(name))
    .map((name) => `internal-dependencies-are-allowed: ${folder}/package.json names ${name}`);
  for (const name of sources(root, folder)) {
    const isTest = new RegExp(TESTS).test(`${folder}/dist/${name.replace(/\.ts$/, '.js')}`);
    for (const specifier of importedBy(readFileSync(join(root, folder, 'src', name), 'utf8'))) {
      const dependency = packageOf(specifier);
      if (dependency === undefined) continue;
      const isInternal = /^(@rynxs\/|rynxs$)/.test(dependency);
      const allowed = isTest && !isInternal ? forTests : declared;
      if (allowed.has(dependency) || (folder === 'test' && isInternal)) continue;
      if (allowed.has(typesOf(dependency))) continue;
      violations.push(`type-imports-are-declared: ${folder}/src/${name} → ${specifier}`);
    }
  }
  return violations;
}

function importedBy(source) {
  const statements = source.matchAll(/^\s*(?:import|export)\b[^;'"]*?from\s+['"]([^'"]+)['"]/gm);
  const expressions = source.matchAll(/\bimport\(\s*['"]([^'"$]+)['"]/g);
  return [...statements, ...expressions].map(([, specifier]) => specifier);
}

/** Name of the npm package that a specifier belongs to; undefined for relative ones and Node's own modules. */
function packageOf(specifier) {
  if (specifier.startsWith('.') || specifier.startsWith('node:') || builtinModules.includes(specifier))
    return undefined;
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

function typesOf(dependency) {
  return `@types/${dependency.replace(/^@/, '').replace('/', '__')}`;
}

function sources(root, folder) {
  return readdirSync(join(root, folder, 'src'), { recursive: true }).filter(
    (name) => name.endsWith('.ts') && !name.endsWith('.d.ts'),
  );
}

function readManifest(path) {
  return JSON.parse(readFileSync(path, 'utf8'));
}
