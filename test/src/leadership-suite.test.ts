import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type EmbeddedClusterServer, startEmbeddedCluster } from '@rynxs/dev-cluster';
import { leadershipSuite } from '@rynxs/kernel/testing';
import { LEASE_RIVALS, leaseContenders } from './lease-contenders.js';

describe('the elector against the embedded API', function () {
  this.timeout(30_000);
  let directory: string;
  let server: EmbeddedClusterServer;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'rynxs-leadership-suite-'));
    server = await startEmbeddedCluster({ controllersEnabled: false });
    await writeFile(join(directory, 'kubeconfig'), server.kubeconfig);
  });
  afterEach(async () => {
    await server.close();
    await rm(directory, { recursive: true });
  });

  leadershipSuite({
    name: 'leader-lease on dev-cluster',
    rivals: LEASE_RIVALS,
    create: async () => leaseContenders(join(directory, 'kubeconfig'), 'kube-system'),
  });
});
