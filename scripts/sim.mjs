import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { installAndBuild, nodeBinary, root, runScript } from './lib/install-and-build.mjs';

await runScript(() => {
  installAndBuild();
  const main = join(root, 'test/dist/sim/main.js');
  return (
    spawnSync(nodeBinary, [main, ...process.argv.slice(2)], { cwd: root, stdio: ['ignore', 1, 2] }).status ??
    1
  );
});
