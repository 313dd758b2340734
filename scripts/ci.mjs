import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from './lib/install-and-build.mjs';
import { add, formatTotals, noTests } from './lib/totals.mjs';

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
const sum = noTests();
for (const [tier, [command, ...args]] of Object.entries(TIERS)) {
  const started = performance.now();
  process.stdout.write(`\n── ${tier}: ${command} ${args.join(' ')}\n`);
  const totals = run(join(directory, `${tier}.json`), command, args);
  add(sum, { ...totals, failures: totals.failures.map((failure) => `${tier}: ${failure}`) });
  process.stdout.write(`── ${tier} took ${((performance.now() - started) / 1000).toFixed(0)} s\n`);
}
rmSync(directory, { recursive: true });
// Once more, as hours of output are often read from the end, and often cut.
if (sum.failures.length > 0)
  process.stdout.write(`\nFailed:\n${sum.failures.map((failure) => `  ${failure}\n`).join('')}`);
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
  let totals = noTests();
  try {
    totals = JSON.parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    process.stdout.write(`The tier left no totals (${cause.code}).\n`);
  }
  if (status === 0) return totals;
  const end = `ended with ${error?.message ?? signal ?? `exit code ${status}`}`;
  process.stdout.write(`The tier ${end}.\n`);
  if (totals.failed > 0) return totals;
  return { ...totals, failed: 1, failures: [...totals.failures, end] };
}
