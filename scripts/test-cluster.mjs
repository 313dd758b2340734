import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { installAndBuild, root, runScript } from './lib/install-and-build.mjs';
import { runMocha } from './lib/mocha-run.mjs';
import { close } from './lib/totals.mjs';

await runScript(async () => {
  installAndBuild();
  // A dependency of the project, so only there once it is installed.
  const { kubectlPath } = await import('./lib/kubectl.mjs');
  let kubectl;
  try {
    kubectl = kubectlPath();
  } catch (error) {
    const mustRun = process.env.CI === 'true';
    process.stdout.write(`The cluster tests cannot run here: ${error.message}\n`);
    return close('cluster tests', { passed: 0, failed: mustRun ? 1 : 0, skipped: mustRun ? 0 : 1 });
  }
  const files = readdirSync(join(root, 'test/dist/cluster'), { recursive: true })
    .filter((name) => name.endsWith('.test.js'))
    .map((name) => `test/dist/cluster/${name}`);
  const totals = await runMocha({
    files,
    args: ['--timeout', '60000', ...process.argv.slice(2)],
    env: { RYNXS_TEST_KUBECTL: kubectl },
  });
  return close('cluster tests', totals);
});
