import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { RYNXS, RynxsProcess } from '../../rynxs-process.js';
import type { RealCluster } from '../real-cluster.js';

/** Runs `rynxs start` on the cluster, with its log in the cluster's directory, and resolves when it leads. */
export async function startOperator(
  cluster: RealCluster,
  env: Readonly<Record<string, string>> = {},
): Promise<RynxsProcess> {
  const directory = join(cluster.directory, 'operator');
  mkdirSync(directory, { recursive: true });
  const operator = new RynxsProcess([...RYNXS, 'start'], directory, {
    CLUSTER_TYPE: 'kubernetes',
    KUBECONFIG: cluster.kubeconfig,
    LOG_DIR: join(directory, 'logs'),
    METRICS_HOST: '127.0.0.1',
    METRICS_PORT: '0',
    HEALTH_PORT: '0',
    ...env,
  });
  try {
    await operator.printed('"leading"');
  } catch (error) {
    await operator[Symbol.asyncDispose]();
    throw error;
  }
  return operator;
}
