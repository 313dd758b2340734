import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { RealCluster, removeCluster } from '../real-cluster.js';
import { clustersDirectory, lock, untilAskedToEnd } from './named-clusters.js';
import { type ClusterStatus, listClusters, statusOf } from './status.js';

const USAGE = `npm run cluster -- COMMAND [OPTIONS]

A real Kubernetes on this machine, built from its sources: etcd and kube-apiserver, and a node when asked for.

  up       start a cluster and write the administrator's kubeconfig; nothing to do when it runs
  down     end a cluster and remove everything that it made; nothing to do when there is none
  status   what runs; of all clusters unless one is named

  --name NAME      which cluster; default "default". Several can run side by side.
  --node           with a node that runs pods, and all controllers (up; needs root, and what CONTRIBUTING.md names)
  --controllers    with the controllers of Kubernetes (up)
  --output FORMAT  text or json; default text
  --help

Exit code: 0 when done, 1 when it failed or, for status with --name, when the cluster does not run whole, 2 for bad
arguments. Linux only.
`;
const COMMANDS = ['up', 'down', 'status'] as const;
const NAME = /^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$/;

process.exitCode = await main();

async function main(): Promise<number> {
  let asked: ReturnType<typeof readArguments>;
  try {
    asked = readArguments();
  } catch (error) {
    process.stderr.write(`${messageOf(error)}\n\n${USAGE}`);
    return 2;
  }
  if (asked.values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  try {
    return await run(asked);
  } catch (error) {
    process.stderr.write(`error: ${messageOf(error)}\n`);
    return 1;
  }
}

function readArguments() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      name: { type: 'string' },
      node: { type: 'boolean', default: false },
      controllers: { type: 'boolean', default: false },
      output: { type: 'string', default: 'text' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const command = COMMANDS.find((one) => one === positionals[0]);
  if (!values.help && (command === undefined || positionals.length !== 1)) {
    throw new Error(`say one of ${COMMANDS.join(', ')}`);
  }
  if (values.output !== 'text' && values.output !== 'json') {
    throw new Error(`--output is text or json, not "${values.output}"`);
  }
  if (values.name !== undefined && !NAME.test(values.name)) {
    throw new Error(`--name is at most 32 of a-z, 0-9 and -, not "${values.name}"`);
  }
  return { command, values };
}

async function run({ command, values }: ReturnType<typeof readArguments>): Promise<number> {
  const directory = join(clustersDirectory(), values.name ?? 'default');
  const isJson = values.output === 'json';
  switch (command) {
    case 'up': {
      await using _ = await lock(directory);
      print([await up(directory, values)], isJson);
      return 0;
    }
    case 'down': {
      await using _ = await lock(directory);
      await removeCluster(directory);
      print([statusOf(directory)], isJson);
      return 0;
    }
    default: {
      const clusters = values.name === undefined ? listClusters(clustersDirectory()) : [statusOf(directory)];
      print(clusters, isJson);
      return values.name === undefined || clusters.every(({ state }) => state === 'running') ? 0 : 1;
    }
  }
}

/** Starts the cluster unless it runs already; what is left of one that does not run whole is removed first. */
async function up(directory: string, asked: { node: boolean; controllers: boolean }): Promise<ClusterStatus> {
  const found = statusOf(directory);
  if (found.state === 'running') {
    requireParts(found, asked);
    return found;
  }
  const startedAt = performance.now();
  if (found.state === 'broken') process.stderr.write('Removing what a cluster of this name left …\n');
  await RealCluster.start({
    directory,
    node: asked.node,
    signal: untilAskedToEnd(),
    ...(asked.controllers ? { controllers: ['*'] } : {}),
  });
  process.stderr.write(`Ready in ${((performance.now() - startedAt) / 1000).toFixed(1)} s\n`);
  return statusOf(directory);
}

/** A cluster that runs keeps the parts that it was started with. */
function requireParts({ name, components }: ClusterStatus, asked: { node: boolean; controllers: boolean }) {
  const has = (part: string) => components.some((component) => component.name === part);
  const missing = [
    ...(asked.node && !has('kubelet') ? ['a node'] : []),
    ...(asked.controllers && !has('kube-controller-manager') ? ['controllers'] : []),
  ];
  if (missing.length === 0) return;
  throw new Error(
    `${name} runs without ${missing.join(' and ')}; end it first: npm run cluster -- down --name ${name}`,
  );
}

/** In one piece, so that who reads only its beginning is no error. */
function print(clusters: readonly ClusterStatus[], isJson: boolean): void {
  const text = clusters.length === 0 ? 'no clusters' : clusters.map(format).join('\n');
  process.stdout.write(`${isJson ? JSON.stringify(clusters, null, 2) : text}\n`);
}

function format({ name, state, server, kubeconfig, components }: ClusterStatus): string {
  const parts = components.map((component) => `  ${component.name} (${component.pid})`);
  const use = state === 'running' ? [`  ${server}`, `  export KUBECONFIG=${kubeconfig}`] : [];
  return [`${name}: ${state}`, ...parts, ...use].join('\n');
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
