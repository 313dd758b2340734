import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { installAndBuild, nodeBinary, root, runScript } from './lib/install-and-build.mjs';

await runScript(() => {
  installAndBuild();
  const writer = join(root, 'scripts/lib/write-generated-files.mjs');
  return spawnSync(nodeBinary, [writer], { cwd: root, stdio: ['ignore', 1, 2] }).status ?? 1;
});
