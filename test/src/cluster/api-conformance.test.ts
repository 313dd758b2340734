import { readFile } from 'node:fs/promises';
import { conformanceSuite } from '../conformance/conformance-suite.js';
import { anyCluster, usersCluster } from './any-cluster.js';
import { RealCluster } from './real-cluster.js';

conformanceSuite({
  name: 'real',
  // A cluster of the test's own has no node; real-node-conformance.test.ts has.
  includes: (area) => area !== 'running pods' || usersCluster() !== undefined,
  start: async () => {
    const cluster = await anyCluster({ controllers: ['*'] });
    if (cluster instanceof RealCluster) {
      // A server remembers nothing from before its start: its oldest versions are too old to watch from.
      await cluster.stopApiServer();
      await cluster.startApiServer();
    }
    return {
      kubeconfig: await readFile(cluster.kubeconfig, 'utf8'),
      ...(cluster instanceof RealCluster ? { provides: ['controllers'] } : {}),
      stop: async () => cluster[Symbol.asyncDispose](),
    };
  },
});
