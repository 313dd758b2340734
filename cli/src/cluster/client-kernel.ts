import type { Kernel, Plugin } from '@rynxs/kernel';
import { composeKernel } from '../composed-kernel.js';
import { clusterDirectory } from '../data-directory.js';
import type { Terminal } from '../terminal/terminal.js';
import { offlinePlugin } from './offline-cluster.js';

/** What a command that only looks needs of the plugins: nothing is written, nothing is served. */
const LOOKING_ONLY = {
  EVENT_STORE_TYPE: 'file',
  LEADERSHIP_TYPE: 'standalone',
  TELEMETRY_TYPE: 'none',
  LOG_LEVEL: 'warn',
} as const;

/**
 * A started kernel with the client of a cluster, for commands that look at a cluster from outside. `kubeconfig`
 * undefined: what the client finds by itself. The caller stops it.
 */
export function startClientKernel(kubeconfig: string | undefined, terminal: Terminal): Promise<Kernel> {
  const flags = {
    CLUSTER_TYPE: 'kubernetes',
    ...(kubeconfig === undefined ? {} : { KUBECONFIG: kubeconfig }),
  };
  return started(flags, [], undefined, terminal);
}

/**
 * A started kernel with the objects of the embedded cluster that `rynxs dev` keeps in `dataDir`, while that does not run;
 * nothing acts on them. The caller stops it. Throws RYNXS_DEV_CLUSTER_LOCKED while `rynxs dev` runs.
 */
export function startRestingClusterKernel(dataDir: string, terminal: Terminal): Promise<Kernel> {
  const flags = {
    CLUSTER_TYPE: 'embedded',
    EMBEDDED_CLUSTER_DIR: clusterDirectory(dataDir),
    EMBEDDED_CLUSTER_PORT: '0',
    EMBEDDED_CLUSTER_NODE: 'false',
    EMBEDDED_CLUSTER_CONTROLLERS: 'false',
  };
  return started(flags, [], undefined, terminal);
}

/** A started kernel with the reconcilers and no cluster: nothing outside the process is touched. The caller stops it. */
export function startOfflineKernel(terminal: Terminal, config?: string): Promise<Kernel> {
  return started({ CLUSTER_TYPE: 'offline' }, [offlinePlugin], config, terminal);
}

async function started(
  flags: Readonly<Record<string, string>>,
  plugins: readonly Plugin[],
  config: string | undefined,
  terminal: Terminal,
): Promise<Kernel> {
  const kernel = await composeKernel(terminal, { config, plugins, flags: { ...LOOKING_ONLY, ...flags } });
  await kernel.start(terminal.interrupted);
  return kernel;
}
