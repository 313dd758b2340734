import { startEmbeddedCluster } from '@rynxs/dev-cluster';
import { conformanceSuite } from './conformance-suite.js';
import { EXPECTED_DIFFERENCES } from './expected-differences.js';

conformanceSuite({
  name: 'embedded',
  expectedDifferences: EXPECTED_DIFFERENCES,
  start: async () => {
    const server = await startEmbeddedCluster({ nodeEnabled: false });
    return {
      kubeconfig: server.kubeconfig,
      provides: ['controllers'],
      expiredVersion: () => {
        const version = String(server.storage.resourceVersion - 1);
        server.storage.compactHistory();
        return version;
      },
      stop: () => server.close(),
    };
  },
});
