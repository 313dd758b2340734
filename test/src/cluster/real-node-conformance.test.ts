import { readFile } from 'node:fs/promises';
import { conformanceSuite } from '../conformance/conformance-suite.js';
import { SHELL_IMAGE } from './real-cluster/node/images.js';
import { RealCluster } from './real-cluster.js';

conformanceSuite({
  name: 'real, with a node',
  includes: (area) => area === 'running pods' || area === 'deletion',
  start: async () => {
    const cluster = await RealCluster.start({ node: true });
    return {
      kubeconfig: await readFile(cluster.kubeconfig, 'utf8'),
      provides: ['controllers', 'node'],
      image: SHELL_IMAGE,
      stop: () => cluster[Symbol.asyncDispose](),
    };
  },
});
