import { clusterSuite } from './cluster-suite.js';
import { MemoryCluster } from './memory-cluster.js';

clusterSuite({
  name: 'MemoryCluster',
  create: async () => ({
    cluster: new MemoryCluster(),
    namespace: 'default',
    dispose: async () => undefined,
  }),
});
