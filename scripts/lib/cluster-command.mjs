import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { nodeBinary, root } from './install-and-build.mjs';
import { corednsProgram, kubernetesProgram } from './kubernetes-program.mjs';

/**
 * Runs a command on real clusters with this process's terminal, and resolves to its exit code.
 *
 * @param {string} name of its module in test/src/cluster/real-cluster
 * @param {readonly string[]} args
 * @param {{ startsCluster: boolean, startsNode: boolean }} needs what has to be built before it
 */
export async function runClusterCommand(name, args, { startsCluster, startsNode }) {
  const env = { ...process.env };
  if (startsCluster) env.RYNXS_TEST_KUBERNETES = kubernetesProgram();
  if (startsNode) env.RYNXS_TEST_COREDNS = corednsProgram();
  const main = join(root, 'test/dist/cluster/real-cluster', `${name}.js`);
  const child = spawn(nodeBinary, [main, ...args], { env, stdio: 'inherit' });
  // It ends in its own time, when it has removed what it made; from a terminal it gets the signal besides.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  const [code] = await once(child, 'exit');
  return code ?? 1;
}
