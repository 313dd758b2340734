import { CLUSTER, definePlugin } from '@rynxs/kernel';
import { EmbeddedCluster } from './embedded-cluster.js';
import { embeddedClusterSettings } from './settings.js';

export default definePlugin({
  id: 'dev-cluster',
  apiVersion: 1,
  provides: [CLUSTER.as('embedded', EmbeddedCluster)],
  config: embeddedClusterSettings,
});
