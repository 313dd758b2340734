import { expect } from 'chai';
import { HELM_VERSIONS, type HelmVersion } from '../helm.js';
import { until } from '../real-cluster/processes.js';
import type { ApiObject } from '../real-cluster.js';
import type { ChartCluster, ChartUser } from './chart-cluster.js';
import { CHART, CRDS, WAIT } from './commands.js';
import { expectNextEpoch, FILE_LOG, type LogReport, verifiedLog } from './operator-log.js';
import { operatorPods } from './pods.js';

const AGENT = '/apis/universe.ai/v1alpha1/namespaces/default/agents/my-agent';
/** What a release leaves behind: on purpose, and the pod of its tests, whose words somebody may want to read. */
const KEPT = ['persistentvolumeclaim/rynxs-operator-logs', 'secret/rynxs-signing-key', 'pod/rynxs-doctor'];
const NEWEST: HelmVersion = 4;
const CHILDREN = 'deploy,pvc,networkpolicy';
/** A garbage collector looks for new kinds of owners twice a minute. */
const PATIENCE_MS = 60_000;
const OF_THE_RELEASE = ['-l', 'app.kubernetes.io/part-of=rynxs', '-o', 'name'] as const;

/** The life of a release with the defaults, step by step, as the documents have users go: by each Helm. */
export function lifeCycle(cluster: () => ChartCluster): void {
  for (const version of HELM_VERSIONS) {
    describe(`with its defaults, by Helm ${version}`, () => lifeCycleBy(version, cluster));
  }
}

function lifeCycleBy(version: HelmVersion, cluster: () => ChartCluster): void {
  let user: ChartUser;
  let agent: ApiObject;
  let log: LogReport;
  let key: unknown;

  before(async () => {
    user = await cluster().namespace(`helm-${version}`);
  });

  it('installs, and waits until the operator is ready', async () => {
    await user.helm(version, 'install', 'rynxs', CHART, ...WAIT);
    expect((await user.kubectl('get', 'crd', ...CRDS, '-o', 'name')).trim().split('\n')).to.have.length(3);
    expect(await operatorPods(user)).to.have.length(1);
    log = await verifiedLog(user, FILE_LOG);
    expect(log.epochs).to.equal(1);
    key = await signingKey();
  });

  it('gives a running agent for the example', async () => {
    await user.kubectl('apply', '--namespace', 'default', '-f', 'examples/agent-basic.yaml');
    await agentIsReady();
    agent = await user.api.must('GET', AGENT);
    const command = ['exec', '--namespace', 'default', 'deploy/my-agent', '--', 'id', '-u'];
    expect(await user.kubectl(...command)).to.equal('65532\n');
  });

  it('passes its own tests', async () => {
    expect(await user.helm(version, 'test', 'rynxs', '--timeout', '4m')).to.match(/Phase:\s+Succeeded/);
  });

  it('is upgraded with other values, though its volume is for one pod at a time', async () => {
    const [before] = await operatorPods(user);
    await user.helm(version, 'upgrade', 'rynxs', CHART, '--set', 'logging.level=debug', ...WAIT);
    const pods = await operatorPods(user);
    expect(pods).to.have.length(1);
    expect(pods[0]?.metadata.uid).to.not.equal(before?.metadata.uid);
    expect(await user.kubectl('logs', 'deploy/rynxs-operator')).to.include('"level":"debug"');
    await expectItGoesOn();
  });

  it('is rolled back', async () => {
    await user.helm(version, 'rollback', 'rynxs', '1', ...WAIT);
    expect(await user.kubectl('logs', 'deploy/rynxs-operator')).to.not.include('"level":"debug"');
    await expectItGoesOn();
  });

  it('leaves agents, log and key where they are when it is uninstalled, and nothing else', async () => {
    await user.uninstall(version);
    expect((await user.api.must('GET', AGENT)).metadata.uid).to.equal(agent.metadata.uid);
    const kinds =
      'all,pvc,secrets,configmaps,serviceaccounts,roles,rolebindings,poddisruptionbudgets,networkpolicies';
    const left = await user.kubectl('get', kinds, ...OF_THE_RELEASE);
    expect(left.trim().split('\n')).to.have.members(KEPT);
    expect(await user.kubectl('get', 'clusterroles,clusterrolebindings', ...OF_THE_RELEASE)).to.equal('');
  });

  it('goes on with them when it is installed again', async () => {
    await user.helm(version, 'install', 'rynxs', CHART, ...WAIT);
    await expectItGoesOn();
    await agentIsReady();
    expect((await user.api.must('GET', AGENT)).metadata.uid).to.equal(agent.metadata.uid);
  });

  if (version !== NEWEST) {
    it(`is upgraded by Helm ${NEWEST}, which its user has changed to`, async () => {
      await user.helm(NEWEST, 'upgrade', 'rynxs', CHART, '--set', 'logging.level=debug', ...WAIT);
      expect(await user.kubectl('logs', 'deploy/rynxs-operator')).to.include('"level":"debug"');
      await expectItGoesOn();
    });
  }

  it('asks for nothing that its permissions do not allow', async () => {
    expect(await user.forbidden()).to.deep.equal([]);
  });

  after(async () => {
    if (user === undefined) return;
    await deleteAgent();
    await user.uninstall(NEWEST);
    await user.kubectl('delete', 'crd', ...CRDS);
  });

  /** With all that belongs to it, so that the next of this name finds nothing of another's. */
  async function deleteAgent(): Promise<void> {
    const example = ['-f', 'examples/agent-basic.yaml', '--ignore-not-found'];
    await user.kubectl('delete', '--namespace', 'default', ...example);
    const isGone = async () => (await user.kubectl('get', '-n', 'default', CHILDREN, '-o', 'name')) === '';
    expect(await until(isGone, PATIENCE_MS)).to.equal(true);
  }

  async function agentIsReady(): Promise<void> {
    const isReady = ['--for=condition=Ready', 'agent/my-agent', '--timeout=60s'];
    await user.kubectl('wait', '--namespace', 'default', ...isReady);
  }

  async function signingKey(): Promise<unknown> {
    const secret = `/api/v1/namespaces/${user.namespace}/secrets/rynxs-signing-key`;
    return (await user.api.must<{ data: unknown }>('GET', secret)).data;
  }

  /** One term later it is the same log, signed by the same key. */
  async function expectItGoesOn(): Promise<void> {
    const now = await verifiedLog(user, FILE_LOG);
    expectNextEpoch(now, log);
    log = now;
    expect(await signingKey()).to.deep.equal(key);
  }
}
