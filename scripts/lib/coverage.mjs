import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { nodeBinary, root } from './install-and-build.mjs';

/**
 * Prints what V8 measured of `folders`, per package, and leaves the numbers of each file in
 * coverage/coverage-summary.json.
 *
 * @param {string} dataDirectory @param {string[]} folders packages relative to the root
 */
export function printCoverage(dataDirectory, folders) {
  if (folders.length === 0 || !existsSync(dataDirectory)) return;
  const { status, stderr } = spawnSync(
    nodeBinary,
    [
      join(root, 'node_modules/c8/bin/c8.js'),
      'report',
      ...['--temp-directory', dataDirectory],
      ...['--reports-dir', join(root, 'coverage')],
      ...['--reporter', 'json-summary'],
      '--all',
      ...folders.flatMap((folder) => ['--src', join(folder, 'dist')]),
      ...folders.flatMap((folder) => ['--include', `${folder}/{src,dist}/**`]),
      ...['--exclude', '**/*.test.{ts,js}', '--exclude', '**/*.d.ts'],
      '--exclude-after-remap',
    ],
    { cwd: root, stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8' },
  );
  if (status !== 0) {
    process.stdout.write(`Coverage cannot be reported: ${stderr.trim()}\n`);
    return;
  }
  const { total, ...files } = JSON.parse(readFileSync(join(root, 'coverage/coverage-summary.json'), 'utf8'));
  const rows = folders
    .map((folder) => [
      folder,
      sum(Object.entries(files).filter(([file]) => relative(root, file).startsWith(`${folder}/`))),
    ])
    .filter(([, covered]) => covered.lines.total > 0);
  process.stdout.write(
    `${'Coverage'.padEnd(28)}${'lines'.padStart(9)}${'branches'.padStart(10)}${'functions'.padStart(11)}\n`,
  );
  for (const [name, covered] of [...rows, ['all', total]]) process.stdout.write(`${row(name, covered)}\n`);
  process.stdout.write('\n');
}

function sum(entries) {
  const metrics = ['lines', 'branches', 'functions'];
  return Object.fromEntries(
    metrics.map((metric) => [
      metric,
      entries.reduce(
        (acc, [, file]) => ({
          total: acc.total + file[metric].total,
          covered: acc.covered + file[metric].covered,
        }),
        { total: 0, covered: 0 },
      ),
    ]),
  );
}

function row(name, { lines, branches, functions }) {
  return `  ${name.padEnd(26)}${percent(lines).padStart(9)}${percent(branches).padStart(10)}${percent(functions).padStart(11)}`;
}

function percent({ total, covered }) {
  return total === 0 ? '-' : `${((100 * covered) / total).toFixed(1)} %`;
}
