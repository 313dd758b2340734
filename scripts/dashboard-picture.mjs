import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { debianProgram } from './lib/debian-program.mjs';
import { buildGoTool } from './lib/go-tools.mjs';
import { installAndBuild, nodeBinary, root, runScript } from './lib/install-and-build.mjs';
import { kubernetesProgram } from './lib/kubernetes-program.mjs';

await runScript(async () => {
  installAndBuild();
  const env = {
    ...process.env,
    RYNXS_TEST_PROMETHEUS: debianProgram('prometheus', 'prometheus'),
    RYNXS_TEST_KUBERNETES: kubernetesProgram(),
    RYNXS_TEST_VERSITYGW: buildGoTool({
      module: 'test/go/versitygw',
      package: 'github.com/versity/versitygw/cmd/versitygw',
    }),
  };
  const painter = join(root, 'test/dist/cluster/dashboards/picture.js');
  const [code] = await once(spawn(nodeBinary, [painter], { env, stdio: 'inherit' }), 'exit');
  return code ?? 1;
});
