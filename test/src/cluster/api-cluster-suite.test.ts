import { randomBytes } from 'node:crypto';
import clusterKubernetes from '@rynxs/cluster-kubernetes';
import { CLOCK, CLUSTER, SystemClock } from '@rynxs/kernel';
import { clusterSuite, given, startTestKernel } from '@rynxs/kernel/testing';
import { type AnyCluster, anyCluster } from './any-cluster.js';

describe('the Kubernetes client against a real API server', () => {
  let cluster: AnyCluster;
  before(async () => {
    cluster = await anyCluster();
  });
  after(() => cluster?.[Symbol.asyncDispose]());

  clusterSuite({
    name: 'cluster-kubernetes on kube-apiserver',
    create: async () => {
      const kernel = await startTestKernel({
        plugins: [clusterKubernetes],
        env: { KUBECONFIG: cluster.kubeconfig },
        services: [given(CLOCK, new SystemClock())],
      });
      const namespace = `suite-${randomBytes(4).toString('hex')}`;
      await cluster.api.must('POST', '/api/v1/namespaces', { metadata: { name: namespace } });
      return {
        cluster: kernel.get(CLUSTER),
        namespace,
        dispose: async () => {
          await kernel.stop();
          await cluster.api.must('DELETE', `/api/v1/namespaces/${namespace}`);
        },
      };
    },
  });
});
