import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { RYNXS } from '../../rynxs-process.js';
import { RealCluster } from '../real-cluster.js';
import { clustersDirectory, lock, untilAskedToEnd } from './named-clusters.js';
import { SHELL_IMAGE } from './node/images.js';
import { membershipOf } from './processes.js';

const USAGE = `npm run dev:cluster [-- OPTIONS]

A real Kubernetes with a node, new each time, and the operator of this working copy on it. Ctrl-C ends and removes both.

  --api    without a node: everything is created and nothing runs; needs no root
  --help

Exit code: that of the operator, 1 when the cluster cannot be started, 2 for bad arguments. Linux only.
`;

process.exitCode = await main();

async function main(): Promise<number> {
  let values: { api: boolean; help: boolean };
  try {
    ({ values } = parseArgs({
      options: {
        api: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }));
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n\n${USAGE}`);
    return 2;
  }
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  try {
    return await develop(!values.api);
  } catch (error) {
    process.stderr.write(`error: ${error instanceof Error ? error.message : error}\n`);
    return 1;
  }
}

async function develop(node: boolean): Promise<number> {
  const directory = join(clustersDirectory(), 'dev');
  const asked = untilAskedToEnd();
  await using _ = await lock(directory);
  process.stderr.write('Starting Kubernetes …\n');
  await using cluster = await RealCluster.start({
    directory,
    node,
    crds: true,
    controllers: ['*'],
    signal: asked,
  });
  process.stderr.write(`${greeting(cluster)}\n`);
  return await runOperator(cluster, asked);
}

/** Runs the operator until it ends, which a signal asks it to; resolves to its exit code. */
function runOperator(cluster: RealCluster, asked: AbortSignal): Promise<number> {
  const [file, ...args] = RYNXS;
  const operator = spawn(file, [...args, 'start'], {
    // Not our own: who waits for the end of what we print must not wait for an operator that outlives us.
    stdio: ['ignore', 'pipe', 'pipe'],
    // A group of its own: the terminal's Ctrl-C reaches it once, from here.
    detached: true,
    env: {
      ...process.env,
      ...membershipOf(cluster.directory, 'operator'),
      CLUSTER_TYPE: 'kubernetes',
      KUBECONFIG: cluster.kubeconfig,
      EVENT_STORE_TYPE: 'file',
      LOG_DIR: join(cluster.directory, 'event-log'),
      METRICS_HOST: '127.0.0.1',
    },
  });
  operator.stdout.pipe(process.stdout);
  operator.stderr.pipe(process.stderr);
  asked.addEventListener('abort', () => operator.kill('SIGTERM'));
  return new Promise((resolve, reject) => {
    operator.once('error', reject);
    operator.once('close', (code) => resolve(code ?? 1));
  });
}

function greeting({ kubeconfig, node }: RealCluster): string {
  const limits =
    node === undefined
      ? 'Nothing runs what is created, as there is no node.'
      : 'No other image is on the node, and none can be pulled.';
  return `Kubernetes runs. In another terminal:
  export KUBECONFIG=${kubeconfig}
  kubectl apply -f - <<END
apiVersion: universe.ai/v1alpha1
kind: Agent
metadata: {name: my-agent}
spec: {role: sandbox, image: "${SHELL_IMAGE}"}
END
${limits} Ctrl-C ends everything.`;
}
