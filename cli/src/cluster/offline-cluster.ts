import { CLUSTER, type Cluster, ClusterError, definePlugin } from '@rynxs/kernel';

/** Stands for a cluster where there is none, or none is to be touched: every call fails. */
export class OfflineCluster implements Cluster {
  info = refuse;
  get = refuse;
  list = refuse;
  create = refuse;
  update = refuse;
  updateStatus = refuse;
  delete = refuse;
  exec = refuse;
  logs = refuse;
  cache(): never {
    throw offline();
  }
}

function refuse(): Promise<never> {
  return Promise.reject(offline());
}

function offline(): ClusterError {
  return new ClusterError('unavailable', 'this command works without a cluster');
}

/** `CLUSTER_TYPE=offline`. */
export const offlinePlugin = definePlugin({
  id: 'offline-cluster',
  apiVersion: 1,
  provides: [CLUSTER.as('offline', OfflineCluster)],
});
