import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from './lib/install-and-build.mjs';
import { formatTotals } from './lib/totals.mjs';

/** The longest tier compiles Kubernetes and builds the image, which takes minutes on a machine that has never done it. */
const TIER_DEADLINE_MS = 60 * 60_000;

/** In this order: the commands that the documents name, as a newcomer would type them. */
const TIERS = {
  tests: ['npm', 'test', '--silent', '--', '--coverage'],
  linters: ['npm', 'run', '--silent', 'lint'],
  'cluster tests': ['npm', 'run', '--silent', 'test:cluster'],
  benchmarks: ['npm', 'run', '--silent', 'bench', '--', '--smoke'],
};

const directory = mkdtempSync(join(tmpdir(), 'rynxs-ci-'));
const sum = { passed: 0, failed: 0, skipped: 0 };
for (const [tier, [command, ...args]] of Object.entries(TIERS)) {
  const started = performance.now();
  process.stdout.write(`\n── ${tier}: ${command} ${args.join(' ')}\n`);
  const totals = run(join(directory, `${tier}.json`), command, args);
  for (const key of Object.keys(sum)) sum[key] += totals[key];
  process.stdout.write(`── ${tier} took ${((performance.now() - started) / 1000).toFixed(0)} s\n`);
}
rmSync(directory, { recursive: true });
process.stdout.write(`\n${formatTotals(sum)}\n`);
process.exitCode = sum.failed === 0 && sum.passed > 0 ? 0 : 1;

/** The totals that the tier wrote; one failure when it wrote none or ended badly although it counted none. */
function run(file, command, args) {
  const { status, signal, error } = spawnSync(command, args, {
    cwd: root,
    env: { ...process.env, CI: 'true', RYNXS_TEST_THOROUGH: '1', RYNXS_CI_TOTALS: file },
    stdio: ['ignore', 'inherit', 'inherit'],
    timeout: TIER_DEADLINE_MS,
  });
  let totals = { passed: 0, failed: 0, skipped: 0 };
  try {
    totals = JSON.parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    process.stdout.write(`The tier left no totals (${cause.code}).\n`);
  }
  if (status === 0) return totals;
  process.stdout.write(`The tier ended with ${error?.message ?? signal ?? `exit code ${status}`}.\n`);
  return { ...totals, failed: Math.max(1, totals.failed) };
}
