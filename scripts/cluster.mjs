import { runClusterCommand } from './lib/cluster-command.mjs';
import { installAndBuild, runScript } from './lib/install-and-build.mjs';

await runScript(() => {
  installAndBuild();
  const args = process.argv.slice(2);
  // Only who starts a cluster has to wait until there is one to start.
  const startsCluster = args.includes('up') && !args.includes('--help');
  return runClusterCommand('command', args, {
    startsCluster,
    startsNode: startsCluster && args.includes('--node'),
  });
});
