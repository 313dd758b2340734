import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { RYNXS, RynxsProcess } from '../../rynxs-process.js';
import type { RealCluster } from '../real-cluster.js';

/** The operator's own namespace. */
export const OPERATOR_NAMESPACE = 'rynxs-system';

/** A directory for a log of its own. */
export function newLogDirectory(cluster: RealCluster): string {
  return mkdtempSync(join(cluster.directory, 'operator-'));
}

/** Runs `rynxs start` as the user of a kubeconfig, on the log in the directory. */
export function runOperator(kubeconfig: string, directory: string): RynxsProcess {
  return new RynxsProcess([...RYNXS, 'start'], directory, {
    KUBECONFIG: kubeconfig,
    POD_NAMESPACE: OPERATOR_NAMESPACE,
    LOG_DIR: join(directory, 'logs'),
    METRICS_HOST: '127.0.0.1',
    METRICS_PORT: '0',
    HEALTH_PORT: '0',
  });
}
