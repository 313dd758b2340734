import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { buildGoTool } from './lib/go-tools.mjs';
import { installAndBuild, nodeBinary, root, runScript } from './lib/install-and-build.mjs';
import { kubernetesProgram } from './lib/kubernetes-program.mjs';

await runScript(async () => {
  installAndBuild();
  const main = join(root, 'test/dist/ha/main.js');
  const args = process.argv.slice(2);
  const env = { ...process.env };
  if (!args.includes('--help') && !args.includes('-h')) {
    env.RYNXS_TEST_KUBERNETES = kubernetesProgram();
    env.RYNXS_TEST_VERSITYGW = buildGoTool({
      module: 'test/go/versitygw',
      package: 'github.com/versity/versitygw/cmd/versitygw',
    });
  }
  const child = spawn(nodeBinary, [main, ...args], { env, stdio: 'inherit' });
  // It ends in its own time, when it has removed what it made; from a terminal it gets the signal besides.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  const [code] = await once(child, 'exit');
  return code ?? 1;
});
