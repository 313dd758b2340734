import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { runClusterCommand } from './lib/cluster-command.mjs';
import { installAndBuild, root, runScript } from './lib/install-and-build.mjs';

await runScript(() => {
  const args = process.argv.slice(2);
  // Only who starts a cluster has to wait until there is one to start.
  const startsCluster = args.includes('up') && !args.includes('--help');
  try {
    installAndBuild();
  } catch (error) {
    // A cluster can be ended also while the sources do not compile.
    const isBuilt = existsSync(join(root, 'test/dist/cluster/real-cluster/command.js'));
    if (startsCluster || !isBuilt) throw error;
  }
  return runClusterCommand('command', args, {
    startsCluster,
    startsNode: startsCluster && args.includes('--node'),
  });
});
