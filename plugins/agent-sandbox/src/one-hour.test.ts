import type { KubernetesObject, ResourceType } from '@rynxs/kernel';
import type { JsonMap } from '@rynxs/log';
import { expect } from 'chai';
import { AGENT } from './definition.js';
import {
  CONFIG_MAP,
  DEPLOYMENT,
  NETWORK_POLICY,
  PERSISTENT_VOLUME_CLAIM,
} from './manifests/resource-types.js';
import { OperatedCluster } from './testing/operated-cluster.js';
import { CrashLoop, SimulatedNode } from './testing/simulated-node.js';

// Bounds of what an Agent may cost in an hour, counted where it counts: in the log and at the API server.

const { signal } = new AbortController();
const options = { signal };
const image = 'python:3.11-slim';
const HOUR_MS = 3_600_000;
const MEDDLING_STEP_MS = 5_000;
const FLAPPING_STEP_MS = 10_000;
const WRITES = new Set(['create', 'update', 'updateStatus', 'delete']);

describe('one hour of an Agent', () => {
  let cluster: OperatedCluster;
  let node: SimulatedNode;
  let foreignWrites: number;
  beforeEach(async () => {
    cluster = await OperatedCluster.start();
    node = new SimulatedNode(cluster, 'a');
    foreignWrites = 0;
    await cluster.apply(AGENT, 'default/a', { image });
    await cluster.until(DEPLOYMENT, 'default/a', (deployment) => deployment !== undefined);
    await cluster.rest();
  });
  afterEach(async () => {
    const { differences } = await cluster.replay();
    await cluster[Symbol.asyncDispose]();
    expect(differences).to.deep.equal([]);
  });

  const types = (since = 0) =>
    cluster.events
      .slice(since)
      .filter(({ aggregate_id: id }) => id === 'agents/default/a')
      .map(({ type }) => type);
  const count = (type: string, since = 0) => types(since).filter((one) => one === type).length;
  const writes = () => cluster.api.requests.filter(({ verb }) => WRITES.has(verb));
  /** What somebody else does; the operator's own writes are counted without it. */
  const byAnother = async (change: () => Promise<unknown>) => {
    const before = writes().length;
    await change();
    foreignWrites += writes().length - before;
  };
  const change = (resource: ResourceType, edit: (live: KubernetesObject) => KubernetesObject) =>
    byAnother(async () => {
      const live = await cluster.find(resource, 'default/a');
      if (live !== undefined) await cluster.api.update(resource, edit(live), options).catch(() => undefined);
    });

  it('that is new costs four children, two statuses and one Event, and then nothing more', async () => {
    await node.start();
    await cluster.pass(60_000);
    // The log's anchor is a ConfigMap, too.
    const requests = () => cluster.api.requests.filter(({ name }) => name !== 'rynxs-log-anchor');
    const verbs = requests().map(({ verb, plural }) => `${verb} ${plural}`);
    const of = (request: string) => verbs.filter((one) => one === request).length;
    for (const plural of ['configmaps', 'persistentvolumeclaims', 'networkpolicies', 'deployments'])
      expect(of(`create ${plural}`), plural).to.equal(1);
    expect(of('updateStatus agents')).to.equal(2);
    expect(of('create events')).to.equal(1);
    expect(types()).to.deep.equal([
      'AgentObserved',
      'ActionsDecided',
      ...Array.from({ length: 4 }, () => 'ActionApplied'),
      'ContainmentObserved',
      'AgentReady',
    ]);

    const before = { requests: requests().length, events: cluster.events.length };
    await cluster.pass(HOUR_MS);
    expect(requests().slice(before.requests), 'requests of an hour').to.deep.equal([]);
    await cluster.restart();
    await cluster.pass(60_000);
    expect(requests().slice(before.requests), 'requests of a restart').to.deep.equal([]);
    expect(types(before.events), 'events of an hour and a restart').to.deep.equal([]);
  });

  for (const runsForMs of [1_000, 25_000, 60_000, 200_000]) {
    it(`that crashes after ${runsForMs / 1_000} s each time is one AgentDegraded and one summary`, async () => {
      await node.start();
      const loop = new CrashLoop(node, runsForMs);
      await cluster.pass(HOUR_MS + 600_000, (second) =>
        byAnother(() => loop.at(second * 1_000, cluster.kernel.clock.now())),
      );
      expect(types().length, 'events').to.be.at.most(20);
      expect(count('AgentDegraded')).to.equal(1);
      expect(count('AgentCrashSummary')).to.equal(1);
      const summary = cluster.events.find(({ type }) => type === 'AgentCrashSummary');
      const fact = (summary?.payload.fact ?? {}) as JsonMap;
      const { restarts, total, lastReason, lastExitCode } = fact;
      expect(restarts).to.equal(total).and.be.within(5, loop.restarts);
      expect({ lastReason, lastExitCode }).to.deep.equal({ lastReason: 'Error', lastExitCode: 1 });
    });
  }

  it('that crashed and runs again is ready once it has run for ten minutes', async () => {
    await node.start();
    const loop = new CrashLoop(node, 1_000);
    await cluster.pass(300_000, (second) => loop.at(second * 1_000, cluster.kernel.clock.now()));
    expect(count('AgentDegraded')).to.equal(1);
    const finishedAt = new Date(cluster.kernel.clock.now()).toISOString();
    const container = { restartCount: loop.restarts, lastState: { terminated: { exitCode: 1, finishedAt } } };
    await node.report({ isReady: true, container });
    await cluster.pass(590_000);
    expect(types().at(-1)).not.to.equal('AgentReady');
    await cluster.pass(30_000);
    expect(types().at(-1)).to.equal('AgentReady');
  });

  const meddlings: Readonly<Record<string, (second: number) => Promise<void>>> = {
    'keeps changing one field': () =>
      change(DEPLOYMENT, (live) => ({ ...live, spec: { ...(live.spec as JsonMap), replicas: 3 } })),
    'changes something else each time': (second) =>
      change(DEPLOYMENT, (live) => {
        const { template, ...spec } = live.spec as JsonMap & {
          template: { metadata: JsonMap; spec: JsonMap };
        };
        const fields = ['hostNetwork', 'hostPID', 'hostIPC', 'shareProcessNamespace', 'hostUsers'];
        const field = fields[second % fields.length] ?? '';
        const pod = { ...template.spec, [field]: field !== 'hostUsers' };
        return { ...live, spec: { ...spec, template: { ...template, spec: pod } } };
      }),
    'keeps deleting a child': () => byAnother(() => cluster.delete(CONFIG_MAP, 'default/a')),
    'keeps changing all four children': async () => {
      await change(CONFIG_MAP, (live) => ({ ...live, data: { 'agent.json': '{}' } }));
      for (const resource of [PERSISTENT_VOLUME_CLAIM, NETWORK_POLICY, DEPLOYMENT])
        await change(resource, (live) => ({ ...live, metadata: { ...live.metadata, labels: {} } }));
    },
  };
  for (const [what, meddle] of Object.entries(meddlings)) {
    it(`that somebody ${what} of costs at most 60 events and 60 writes`, async () => {
      await node.start();
      await cluster.pass(60_000);
      const before = { writes: writes().length - foreignWrites, events: types().length };
      await cluster.pass(HOUR_MS, meddle, MEDDLING_STEP_MS);
      expect(count('DriftObserved')).to.be.at.least(4);
      expect(types().length - before.events, 'events').to.be.at.most(60);
      expect(writes().length - foreignWrites - before.writes, 'writes').to.be.at.most(60);
      const agent = await cluster.find(AGENT, 'default/a');
      expect(conditionOf(agent, 'DriftContested')).to.include({ status: 'True' });
    });
  }

  it('whose containment somebody keeps changing to and fro is at most ten events, and the status tells at once', async () => {
    await node.start();
    await cluster.pass(60_000);
    const open = { podSelector: {}, policyTypes: ['Egress'], egress: [{}] };
    const before = cluster.events.length;
    await cluster.apply(NETWORK_POLICY, 'default/open', open);
    await cluster.until(AGENT, 'default/a', (agent) => conditionOf(agent, 'Contained')?.status === 'False');
    expect(types(before)).to.deep.equal(['ContainmentObserved']);
    await cluster.pass(
      HOUR_MS,
      (step) =>
        step % 2 === 0
          ? cluster.delete(NETWORK_POLICY, 'default/open')
          : cluster.apply(NETWORK_POLICY, 'default/open', open),
      FLAPPING_STEP_MS,
    );
    expect(count('ContainmentObserved', before)).to.be.within(4, 10);
  });
});

function conditionOf(agent: KubernetesObject | undefined, type: string): JsonMap | undefined {
  const { conditions = [] } = (agent?.status ?? {}) as { readonly conditions?: readonly JsonMap[] };
  return conditions.find((condition) => condition.type === type);
}
