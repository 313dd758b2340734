import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { installAndBuild, nodeBinary, root, runScript } from './lib/install-and-build.mjs';
import { kubernetesProgram } from './lib/kubernetes-program.mjs';

await runScript(async () => {
  installAndBuild();
  const main = join(root, 'test/dist/cluster/soak/main.js');
  const env = { ...process.env, RYNXS_TEST_KUBERNETES: kubernetesProgram() };
  const child = spawn(nodeBinary, [main, ...process.argv.slice(2)], { env, stdio: 'inherit' });
  // It ends in its own time, when it has removed what it made; from a terminal it gets the signal besides.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  const [code] = await once(child, 'exit');
  return code ?? 1;
});
