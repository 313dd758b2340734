import { randomBytes } from 'node:crypto';
import { leadershipSuite } from '@rynxs/kernel/testing';
import { LEASE_RIVALS, leaseContenders } from '../lease-contenders.js';
import { type AnyCluster, anyCluster } from './any-cluster.js';

describe('the elector against a real API server', function () {
  this.timeout(60_000);
  let cluster: AnyCluster;
  before(async () => {
    cluster = await anyCluster();
  });
  after(() => cluster?.[Symbol.asyncDispose]());

  leadershipSuite({
    name: 'leader-lease on kube-apiserver',
    rivals: LEASE_RIVALS,
    create: async () => {
      const namespace = `suite-${randomBytes(4).toString('hex')}`;
      await cluster.api.must('POST', '/api/v1/namespaces', { metadata: { name: namespace } });
      const { contender, dispose } = leaseContenders(cluster.kubeconfig, namespace);
      return {
        contender,
        dispose: async () => {
          await dispose();
          await cluster.api.must('DELETE', `/api/v1/namespaces/${namespace}`);
        },
      };
    },
  });
});
