import { expect } from 'chai';
import { until } from '../real-cluster/processes.js';
import type { ApiObject } from '../real-cluster.js';
import type { ChartCluster, ChartUser } from './chart-cluster.js';
import { CHART, CRDS, WAIT } from './commands.js';
import { documented } from './documented-values.js';
import { expectLaterEpoch, FILE_LOG, verifiedLog } from './operator-log.js';
import { metricOfOperators, oneOfThreeLeads } from './pods.js';

const EXAMPLES = './helm/rynxs/examples';
const BASIC_AGENT = ['-f', 'examples/agent-basic.yaml'] as const;
const IS_READY = ['--for=condition=Ready', 'agent/my-agent', '--timeout=60s'] as const;
const PATIENCE_MS = 30_000;

/** The other ways to install it that the chart has examples of; each by one Helm. */
export function variants(cluster: () => ChartCluster): void {
  describe('as small as can be, with its custom resources managed by the chart', () => {
    let user: ChartUser;

    before(async () => {
      user = await cluster().namespace('minimal');
      await user.kubectl('delete', 'crd', ...CRDS, '--ignore-not-found');
    });

    it('installs, and says that its log will not last', async () => {
      const values = ['--values', `${EXAMPLES}/minimal.yaml`, '--skip-crds', '--set', 'crds.manage=true'];
      const told = await user.helm(4, 'install', 'rynxs', CHART, ...values, ...WAIT);
      expect(told).to.include('THE LOG IS NOT DURABLE');
      expect(await user.helm(4, 'status', 'rynxs')).to.include('THE LOG IS NOT DURABLE');
      expect(await user.kubectl('get', 'pvc', '-o', 'name')).to.equal('');
      await verifiedLog(user, FILE_LOG);
    });

    it('leaves the custom resources when it is uninstalled, and an installation without --skip-crds works after it', async () => {
      await user.uninstall(4);
      expect((await user.kubectl('get', 'crd', ...CRDS, '-o', 'name')).trim().split('\n')).to.have.length(3);
      await user.helm(4, 'install', 'rynxs', CHART, '--values', `${EXAMPLES}/minimal.yaml`, ...WAIT);
      await user.uninstall(4);
    });
  });

  describe('with the bundled S3 server', () => {
    let user: ChartUser;

    before(async () => {
      user = await cluster().namespace('bundled');
    });

    it('installs with replicas, and finds its log again in the next release', async () => {
      const ha = user.file('ha-values.yaml', documented('# ha-values.yaml'));
      const install = ['install', 'rynxs', CHART, '--values', ha, '--set', 'minio.enabled=true', ...WAIT];
      await user.helm(3, ...install);
      await oneOfThreeLeads(user);
      const log = await verifiedLog(user, 's3://rynxs-events/events');
      await user.uninstall(3);
      await user.helm(3, ...install);
      await oneOfThreeLeads(user);
      expectLaterEpoch(await verifiedLog(user, 's3://rynxs-events/events'), log);
    });

    it('keeps the two apart: neither has the other’s pods', async () => {
      const selected = async (kind: string, path: string) =>
        JSON.parse(await user.kubectl('get', kind, '-o', `jsonpath={${path}}`));
      const names = async (labels: Readonly<Record<string, string>>) => {
        const selector = Object.entries(labels).map(([name, value]) => `${name}=${value}`);
        const pods = await user.kubectl('get', 'pods', '-l', selector.join(), '-o', 'name');
        return pods.trim().split('\n');
      };
      const server = await names(await selected('service/minio-service', '.spec.selector'));
      const operators = await names(await selected('deploy/rynxs-operator', '.spec.selector.matchLabels'));
      expect(server).to.have.length(1);
      expect(operators).to.have.length(3).and.not.include(server[0]);
    });

    after(() => user?.uninstall(3));
  });

  describe('with an event store that somebody else wrote', () => {
    let user: ChartUser;

    before(async () => {
      user = await cluster().namespace('third-party');
    });

    it('copies it out of its image, and keeps the log in it', async () => {
      const values = ['--values', `${EXAMPLES}/third-party-plugin.yaml`];
      await user.helm(3, 'install', 'rynxs', CHART, ...values, ...WAIT);
      const [before = 0] = await metricOfOperators(user, 'rynxs_log_head_seq');
      expect(before).to.be.above(0);
      await user.kubectl('rollout', 'restart', 'deploy/rynxs-operator');
      await user.kubectl('rollout', 'status', 'deploy/rynxs-operator', '--timeout=60s');
      const [after = 0] = await metricOfOperators(user, 'rynxs_log_head_seq');
      expect(after).to.be.above(before);
    });

    after(() => user?.uninstall(3));
  });

  describe('for the agents of two namespaces only', () => {
    let user: ChartUser;

    before(async () => {
      user = await cluster().namespace('scoped');
      for (const name of ['team-a', 'team-b', 'team-c']) await cluster().namespace(name);
      await user.helm(4, 'install', 'rynxs', CHART, '--values', `${EXAMPLES}/scoped.yaml`, ...WAIT);
    });

    it('gives them computers, and nobody else', async () => {
      for (const name of ['team-c', 'team-b', 'team-a'])
        await user.kubectl('apply', '--namespace', name, ...BASIC_AGENT);
      for (const name of ['team-a', 'team-b']) await user.kubectl('wait', '--namespace', name, ...IS_READY);
      const path = '/apis/universe.ai/v1alpha1/namespaces/team-c/agents/my-agent';
      expect(await user.api.must<ApiObject>('GET', path)).to.not.have.property('status');
      expect(await user.kubectl('get', 'deploy,pvc', '--namespace', 'team-c', '-o', 'name')).to.equal('');
    });

    it('may do nothing to other namespaces', async () => {
      const operator = '--as=system:serviceaccount:scoped:rynxs-operator';
      const may = (namespace: string) =>
        user.kubectl('auth', 'can-i', 'create', 'deployments', '--namespace', namespace, operator);
      expect((await may('team-a')).trim()).to.equal('yes');
      expect(await may('team-c').catch(({ message }: Error) => message)).to.match(/\bno\b/);
      expect(await user.forbidden()).to.deep.equal([]);
    });

    it('hears of agents that come later', async () => {
      await user.kubectl('delete', 'agent', 'my-agent', '--namespace', 'team-a');
      const isGone = async () =>
        (await user.kubectl('get', 'deploy', '--namespace', 'team-a', '-o', 'name')) === '';
      expect(await until(isGone, PATIENCE_MS)).to.equal(true);
      await user.kubectl('apply', '--namespace', 'team-a', ...BASIC_AGENT);
      await user.kubectl('wait', '--namespace', 'team-a', ...IS_READY);
    });

    after(() => user?.uninstall(4));
  });
}
