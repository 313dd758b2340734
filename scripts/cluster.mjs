import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { installAndBuild, nodeBinary, root, runScript } from './lib/install-and-build.mjs';
import { kubernetesProgram } from './lib/kubernetes-program.mjs';

await runScript(() => {
  installAndBuild();
  const args = process.argv.slice(2);
  // Only who starts a cluster has to wait until there is one to start.
  const env = args.includes('up')
    ? { ...process.env, RYNXS_TEST_KUBERNETES: kubernetesProgram() }
    : process.env;
  const main = join(root, 'test/dist/cluster/real-cluster/command.js');
  return spawnSync(nodeBinary, [main, ...args], { env, stdio: ['ignore', 1, 2] }).status ?? 1;
});
