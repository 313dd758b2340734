import { readFile } from 'node:fs/promises';
import { conformanceSuite } from '../conformance/conformance-suite.js';
import { anyCluster } from './any-cluster.js';

conformanceSuite({
  name: 'real',
  start: async () => {
    const cluster = await anyCluster({ controllers: ['*'] });
    return {
      kubeconfig: await readFile(cluster.kubeconfig, 'utf8'),
      stop: async () => cluster[Symbol.asyncDispose](),
    };
  },
});
