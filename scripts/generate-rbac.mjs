import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { installAndBuild, nodeBinary, root, runScript } from './lib/install-and-build.mjs';
import { kubernetesProgram } from './lib/kubernetes-program.mjs';

await runScript(async () => {
  installAndBuild();
  const writer = join(root, 'test/dist/cluster/rbac/write.js');
  const env = { ...process.env, RYNXS_TEST_KUBERNETES: kubernetesProgram() };
  const [code] = await once(spawn(nodeBinary, [writer], { env, stdio: 'inherit' }), 'exit');
  return code ?? 1;
});
