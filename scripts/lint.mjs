import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { installAndBuild, nodeBinary, root, runScript } from './lib/install-and-build.mjs';

await runScript(() => {
  installAndBuild();
  // The checkers want the Node that was just installed.
  return (
    spawnSync(nodeBinary, [join(root, 'scripts/lint/run.mjs')], { cwd: root, stdio: ['ignore', 1, 2] })
      .status ?? 1
  );
});
