import { expect } from 'chai';
import { bucketServer } from './bucket-server.js';
import type { ChartCluster, ChartUser } from './chart-cluster.js';
import { CHART, WAIT } from './commands.js';
import { documented } from './documented-values.js';
import { expectLaterEpoch, expectNextEpoch, type LogReport, verifiedLog } from './operator-log.js';
import { oneOfThreeLeads } from './pods.js';

const LOG = 's3://rynxs-events/events';
const AGENT = `
apiVersion: universe.ai/v1alpha1
kind: Agent
metadata: {name: watched}
spec: {role: sandbox, image: 'python:3.11-slim', lifecycle: {state: Suspended}}
`;

/** The S3 and HA examples that users have, word for word, by each Helm. */
export function bucketAndReplicas(cluster: () => ChartCluster): void {
  describe('with the log in a bucket, and then with replicas', () => {
    let user: ChartUser;
    let s3: string;
    let ha: string;
    let log: LogReport;

    before(async () => {
      // The one that the endpoint of the example is in.
      user = await cluster().namespace('rynxs');
      s3 = user.file('s3-values.yaml', documented('# s3-values.yaml'));
      ha = user.file('ha-values.yaml', documented('# ha-values.yaml'));
      await user.kubectl(
        'apply',
        '-f',
        user.file('s3.yaml', bucketServer('minio-service', ['rynxs-events'])),
      );
      await user.kubectl('rollout', 'status', 'deploy/minio-service', '--timeout=60s');
      const [secret = ''] = documented('# Create S3 credentials secret').split('\n\n');
      await user.shell(secret);
    });
    after(() => user?.kubectl('delete', 'deploy,service', 'minio-service', '--wait=false'));

    it('refuses replicas without a log that all can reach, with the lines to add', async () => {
      for (const version of [3, 4] as const) {
        const told = await user.helmRefusal(version, 'install', 'rynxs', CHART, '--values', ha);
        expect(told).to.include('logSink:\n  type: s3');
      }
    });

    it('installs by Helm 3 with credentials in a Secret and a server without a scheme', async () => {
      await user.helm(3, 'install', 'rynxs', CHART, '--values', s3, ...WAIT);
      log = await verifiedLog(user, LOG);
      expect(log.epochs).to.equal(1);
      await user.uninstall(3);
    });

    it('installs by Helm 4, on the same log', async () => {
      await user.helm(4, 'install', 'rynxs', CHART, '--values', s3, ...WAIT);
      const now = await verifiedLog(user, LOG);
      expectNextEpoch(now, log);
      log = now;
    });

    it('becomes three replicas of which one leads', async () => {
      await user.helm(4, 'upgrade', 'rynxs', CHART, '--values', s3, '--values', ha, ...WAIT);
      await user.kubectl('rollout', 'status', 'deploy/rynxs-operator', '--timeout=120s');
      await oneOfThreeLeads(user);
      // Kubernetes first makes three of the pod that was there, which knows of no leader: the log fences them.
      const now = await verifiedLog(user, LOG);
      expectLaterEpoch(now, log);
      log = now;
    });

    it('passes its own tests', async () => {
      expect(await user.helm(4, 'test', 'rynxs', '--timeout', '4m')).to.match(/Phase:\s+Succeeded/);
    });

    it('acts, once whoever led before can act no more', async () => {
      // The operators before were fenced, so the first leader waits for leaseDuration; ended earlier, its term would end
      // without a word (ADR 21).
      await user.kubectl('apply', '-f', user.file('agent.yaml', AGENT));
      await user.kubectl('wait', 'deployment/watched', '--for=create', '--timeout=60s');
      await user.kubectl('delete', 'agent', 'watched');
    });

    it('has one leader after another while its replicas are replaced', async () => {
      await user.kubectl('rollout', 'restart', 'deploy/rynxs-operator');
      await user.kubectl('rollout', 'status', 'deploy/rynxs-operator', '--timeout=120s');
      await oneOfThreeLeads(user);
      const terms = await user.rynxs<readonly { end: string }[]>('log', 'epochs', '--store', LOG);
      const ends = terms.slice(log.epochs - 1).map(({ end }) => end);
      expect(ends).to.deep.equal([...ends.slice(1).map(() => 'ended'), 'open']);
      expect((await verifiedLog(user, LOG)).log_id).to.equal(log.log_id);
    });

    it('lets a node be drained', async () => {
      const flags = ['--ignore-daemonsets', '--delete-emptydir-data', '--force', '--dry-run=server'];
      const told = await user.kubectl('drain', 'node', ...flags);
      expect(told).to.include('drained (server dry run)');
      const allowed = ['-o', 'jsonpath={.status.disruptionsAllowed}'];
      expect(await user.kubectl('get', 'pdb', 'rynxs-operator', ...allowed)).to.equal('1');
    });

    it('installs as three replicas at once, by Helm 3', async () => {
      await user.uninstall(4);
      await user.helm(3, 'install', 'rynxs', CHART, '--values', s3, '--values', ha, ...WAIT);
      await oneOfThreeLeads(user);
      expect((await verifiedLog(user, LOG)).log_id).to.equal(log.log_id);
      await user.uninstall(3);
    });

    it('asks for nothing that its permissions do not allow', async () => {
      expect(await user.forbidden()).to.deep.equal([]);
    });
  });
}
