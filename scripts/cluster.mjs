import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { installAndBuild, nodeBinary, root, runScript } from './lib/install-and-build.mjs';
import { corednsProgram, kubernetesProgram } from './lib/kubernetes-program.mjs';

await runScript(() => {
  installAndBuild();
  const args = process.argv.slice(2);
  const env = { ...process.env };
  // Only who starts a cluster has to wait until there is one to start.
  if (args.includes('up')) env.RYNXS_TEST_KUBERNETES = kubernetesProgram();
  if (args.includes('up') && args.includes('--node')) env.RYNXS_TEST_COREDNS = corednsProgram();
  const main = join(root, 'test/dist/cluster/real-cluster/command.js');
  return spawnSync(nodeBinary, [main, ...args], { env, stdio: ['ignore', 1, 2] }).status ?? 1;
});
