import { CLUSTER, CLUSTER_CONNECTOR, definePlugin } from '@rynxs/kernel';
import { KubernetesCluster } from './kubernetes-cluster.js';
import { KubernetesConnector } from './kubernetes-connector.js';
import { kubernetesSettings } from './settings.js';

export default definePlugin({
  id: 'cluster-kubernetes',
  apiVersion: 1,
  provides: [
    CLUSTER.as('kubernetes', KubernetesCluster),
    CLUSTER_CONNECTOR.as('kubernetes', KubernetesConnector),
  ],
  config: kubernetesSettings,
});
