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

/** A Lease that expires soon: an operator that was killed leaves it behind. */
export const ELECTION = {
  LEADERSHIP_TYPE: 'lease',
  LEADER_ELECTION_LEASE_DURATION: '6s',
  LEADER_ELECTION_RENEW_DEADLINE: '3s',
  LEADER_ELECTION_RETRY_PERIOD: '700ms',
  LEADER_ELECTION_REQUEST_TIMEOUT: '900ms',
};

/**
 * Runs `rynxs start` as the user of a kubeconfig, on the log in the directory: as one of several replicas, which need a
 * Lease, or alone.
 */
export function runOperator(
  kubeconfig: string,
  directory: string,
  { isReplica }: { readonly isReplica: boolean },
): RynxsProcess {
  return new RynxsProcess([...RYNXS, 'start'], directory, {
    ...(isReplica ? ELECTION : {}),
    KUBECONFIG: kubeconfig,
    POD_NAMESPACE: OPERATOR_NAMESPACE,
    LOG_DIR: join(directory, 'logs'),
    METRICS_HOST: '127.0.0.1',
    METRICS_PORT: '0',
    HEALTH_PORT: '0',
  });
}
