import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import clusterKubernetes from '@rynxs/cluster-kubernetes';
import { type EmbeddedClusterServer, startEmbeddedCluster } from '@rynxs/dev-cluster';
import { CLOCK, CLUSTER, SystemClock } from '@rynxs/kernel';
import { clusterSuite, given, startTestKernel } from '@rynxs/kernel/testing';

describe('the Kubernetes client against the embedded API', () => {
  let directory: string;
  let server: EmbeddedClusterServer;
  let namespaces = 0;

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'rynxs-cluster-suite-'));
    server = await startEmbeddedCluster({ controllersEnabled: false });
    await writeFile(join(directory, 'kubeconfig'), server.kubeconfig);
  });
  after(async () => {
    await server.close();
    await rm(directory, { recursive: true });
  });

  clusterSuite({
    name: 'cluster-kubernetes on dev-cluster',
    create: async () => {
      const kernel = await startTestKernel({
        plugins: [clusterKubernetes],
        env: { KUBECONFIG: join(directory, 'kubeconfig') },
        services: [given(CLOCK, new SystemClock())],
      });
      const cluster = kernel.get(CLUSTER);
      namespaces += 1;
      const namespace = `suite-${namespaces}`;
      const type = { group: '', version: 'v1', kind: 'Namespace', plural: 'namespaces', namespaced: false };
      const { signal } = new AbortController();
      await cluster.create(
        type,
        { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
        { signal },
      );
      return { cluster, namespace, dispose: () => kernel.stop() };
    },
  });
});
