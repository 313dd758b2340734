import { clusterDirectory, kubeconfigFile, logDirectory } from '../data-directory.js';
import type { DevOptions } from './dev-options.js';

/**
 * The settings that make an operator one for this machine, by the names of their environment variables. What the
 * command line asks for holds in any case, the rest only where the environment is silent: `rynxs dev` has to be able
 * to try another event store, too. The cluster is always the embedded one.
 */
export function devFlags(
  options: Pick<DevOptions, 'dataDir' | 'port' | 'metricsPort' | 'healthPort'>,
  dataDir: string,
  env: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string>> {
  const defaults = {
    EVENT_STORE_TYPE: 'file',
    LEADERSHIP_TYPE: 'standalone',
    METRICS_HOST: '127.0.0.1',
    METRICS_PORT: '18080',
    HEALTH_PORT: '18081',
    EMBEDDED_CLUSTER_PORT: '16443',
    LOG_DIR: logDirectory(dataDir),
  };
  const silent = Object.entries(defaults).filter(([name]) => (env[name] ?? '') === '');
  return {
    ...Object.fromEntries(silent),
    CLUSTER_TYPE: 'embedded',
    EMBEDDED_CLUSTER_DIR: clusterDirectory(dataDir),
    EMBEDDED_CLUSTER_KUBECONFIG: kubeconfigFile(dataDir),
    ...(options.dataDir === undefined ? {} : { LOG_DIR: logDirectory(dataDir) }),
    ...(options.port === undefined ? {} : { EMBEDDED_CLUSTER_PORT: String(options.port) }),
    ...(options.metricsPort === undefined ? {} : { METRICS_PORT: String(options.metricsPort) }),
    ...(options.healthPort === undefined ? {} : { HEALTH_PORT: String(options.healthPort) }),
  };
}
