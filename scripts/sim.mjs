import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { installAndBuild, nodeBinary, root, runScript } from './lib/install-and-build.mjs';

// `sim` or `ha-sim`, and the options.
const [folder, ...options] = process.argv.slice(2);

await runScript(() => {
  installAndBuild();
  const main = join(root, 'test/dist', folder, 'main.js');
  return spawnSync(nodeBinary, [main, ...options], { cwd: root, stdio: ['ignore', 1, 2] }).status ?? 1;
});
