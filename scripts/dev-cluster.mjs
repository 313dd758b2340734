import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { installAndBuild, nodeBinary, root, runScript } from './lib/install-and-build.mjs';
import { corednsProgram, kubernetesProgram } from './lib/kubernetes-program.mjs';

await runScript(async () => {
  installAndBuild();
  const args = process.argv.slice(2);
  const env = { ...process.env };
  if (!args.includes('--help') && !args.includes('-h')) {
    env.RYNXS_TEST_KUBERNETES = kubernetesProgram();
    env.RYNXS_TEST_COREDNS = corednsProgram();
  }
  const main = join(root, 'test/dist/cluster/real-cluster/dev-command.js');
  const child = spawn(nodeBinary, [main, ...args], { env, stdio: 'inherit' });
  // It ends in its own time; from a terminal it gets the signal besides.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  const [code] = await once(child, 'exit');
  return code ?? 1;
});
