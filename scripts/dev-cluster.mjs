import { runClusterCommand } from './lib/cluster-command.mjs';
import { installAndBuild, runScript } from './lib/install-and-build.mjs';

await runScript(() => {
  installAndBuild();
  const args = process.argv.slice(2);
  const startsCluster = !args.includes('--help') && !args.includes('-h');
  return runClusterCommand('dev-command', args, {
    startsCluster,
    startsNode: startsCluster && !args.includes('--api'),
  });
});
