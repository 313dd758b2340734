import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { generatedFiles, staleFiles } from '../lib/generated-files.mjs';
import { nodeBinary, packages, root } from '../lib/install-and-build.mjs';
import { checkLicences } from '../lib/licences.mjs';
import { close, noTests } from '../lib/totals.mjs';
import { checkImports } from './import-rules.mjs';
import { checkMarkdownLinks } from './markdown-links.mjs';
import { checkPackageFiles } from './package-files.mjs';
import { checkPublishedPackages } from './published-packages.mjs';
import { checkPurity } from './purity.mjs';
import { checkUnfinished } from './unfinished.mjs';
import { checkVersions } from './versions.mjs';

const files = projectFiles();

/** Each resolves to one line per violation. That types are right was shown by the build. */
const CHECKS = {
  'format and lint (biome)': biome,
  'import rules': () => checkImports(root, packages()),
  'pure modules': () => checkPurity(root),
  'package files': () => checkPackageFiles(root, packages()),
  'packages as published (publint)': () => checkPublishedPackages(root),
  versions: () => checkVersions(root, files),
  'licences of dependencies': () => checkLicences(root),
  'links in documents': () => checkMarkdownLinks(root, files),
  'nothing unfinished': () => checkUnfinished(root, files),
  'generated files': async () => staleFiles(root, await generatedFiles(root)),
};

const totals = noTests();
for (const [name, check] of Object.entries(CHECKS)) {
  const violations = await violationsOf(check);
  totals[violations.length === 0 ? 'passed' : 'failed'] += 1;
  if (violations.length > 0) totals.failures.push(`${name}: ${violations[0]}`);
  process.stdout.write(`${violations.length === 0 ? '✓' : '✗'} ${name}\n`);
  for (const violation of violations) process.stdout.write(`    ${violation}\n`);
}
process.exitCode = close('linters', totals);

/** A check that cannot be carried out has failed, and must not keep the others from being made. */
async function violationsOf(check) {
  try {
    return await check();
  } catch (error) {
    return [error.stack];
  }
}

function biome() {
  const { status, stdout, stderr } = spawnSync(
    nodeBinary,
    [
      join(root, 'node_modules/@biomejs/biome/bin/biome'),
      'check',
      '--error-on-warnings',
      '--colors=off',
      '.',
    ],
    { cwd: root, encoding: 'utf8' },
  );
  return status === 0 ? [] : `${stdout}${stderr}`.trim().split('\n');
}

/** What git tracks or would track: nothing that is ignored. */
function projectFiles() {
  const { status, stdout, stderr } = spawnSync(
    'git',
    ['ls-files', '-z', '--cached', '--others', '--exclude-standard'],
    {
      cwd: root,
      encoding: 'utf8',
    },
  );
  if (status !== 0) throw new Error(`git cannot list the project's files: ${stderr}`);
  return stdout.split('\0').filter((file) => file !== '' && existsSync(join(root, file)));
}
