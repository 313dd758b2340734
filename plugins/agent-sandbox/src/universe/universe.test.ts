import { ClusterError, compareCluster, type KubernetesObject } from '@rynxs/kernel';
import type { JsonMap } from '@rynxs/log';
import { expect } from 'chai';
import { AGENT } from '../definition.js';
import { CONFIG_MAP, DEPLOYMENT } from '../manifests/resource-types.js';
import { OperatedCluster } from '../testing/operated-cluster.js';
import { UNIVERSE } from './universe-definition.js';

const image = 'registry.example.com/agents/bot:1';
const other = 'docker.io/library/python:3.11';

const statusOf = (object: KubernetesObject | undefined) => (object?.status ?? {}) as JsonMap;
const condition = (object: KubernetesObject | undefined, type: string) =>
  ((statusOf(object).conditions ?? []) as readonly JsonMap[]).find((one) => one.type === type);
const replicas = (count: number) => (object: KubernetesObject | undefined) =>
  (object?.spec as { replicas?: number } | undefined)?.replicas === count;
const isOutside = (object: KubernetesObject | undefined) =>
  condition(object, 'Degraded')?.reason === 'OutsideUniverse';
const messageOf = (object: KubernetesObject | undefined) => condition(object, 'Degraded')?.message;

describe('a Universe', () => {
  let cluster: OperatedCluster;
  beforeEach(async () => {
    cluster = await OperatedCluster.start();
  });
  afterEach(() => cluster[Symbol.asyncDispose]());

  const only = { images: { allowed: ['registry.example.com/agents/*'] } };

  it('lets run what is within its bounds, and refuses what is not with the rule named', async () => {
    await cluster.apply(UNIVERSE, 'lab', { namespaces: ['lab'], ...only });
    await cluster.recorded(({ type }) => type === 'UniverseObserved');
    await cluster.apply(AGENT, 'lab/good', { image });
    await cluster.apply(AGENT, 'lab/bad', { image: other });
    await cluster.until(DEPLOYMENT, 'lab/good', replicas(1));
    const bad = await cluster.until(AGENT, 'lab/bad', isOutside);
    expect(messageOf(bad)).to.equal(
      'Universe lab: spec.image must match registry.example.com/agents/* (images.allowed)',
    );
    expect(statusOf(bad).phase).to.equal('Refused');
    expect(await cluster.find(DEPLOYMENT, 'lab/bad')).to.equal(undefined);
    const { differences, notRecomputed, projection } = await cluster.replay();
    expect({ differences, notRecomputed }).to.deep.equal({ differences: [], notRecomputed: 0 });
    const compared = await compareCluster(projection, cluster.api, new AbortController().signal);
    // The Universe, two Agents, four children of one.
    expect(compared).to.deep.equal({ compared: 7, differences: [] });
  });

  it('bounds only its own namespaces', async () => {
    await cluster.apply(UNIVERSE, 'lab', { namespaces: ['lab'], ...only });
    await cluster.recorded(({ type }) => type === 'UniverseObserved');
    await cluster.apply(AGENT, 'elsewhere/bad', { image: other });
    await cluster.until(DEPLOYMENT, 'elsewhere/bad', replicas(1));
  });

  it('scales a running Agent to zero when its bounds tighten, and back when they loosen, on the record', async () => {
    await cluster.apply(UNIVERSE, 'lab', { namespaces: ['lab'] });
    await cluster.apply(AGENT, 'lab/a', { image: other });
    await cluster.until(DEPLOYMENT, 'lab/a', replicas(1));
    await cluster.apply(UNIVERSE, 'lab', { namespaces: ['lab'], ...only });
    await cluster.until(DEPLOYMENT, 'lab/a', replicas(0));
    const stopped = await cluster.until(AGENT, 'lab/a', isOutside);
    expect(condition(stopped, 'Suspended')).to.include({ status: 'True', reason: 'OutsideUniverse' });
    await cluster.apply(UNIVERSE, 'lab', { namespaces: ['lab'] });
    await cluster.until(DEPLOYMENT, 'lab/a', replicas(1));
    await cluster.until(AGENT, 'lab/a', (object) => condition(object, 'Degraded')?.status === 'False');

    const tightened = cluster.events.filter(({ type }) => type === 'UniverseObserved');
    const decided = cluster.events.filter(
      ({ type, aggregate_id: id }) => type === 'ActionsDecided' && id === 'agents/lab/a',
    );
    expect(decided.slice(-2).map(({ payload }) => payload.cause)).to.deep.equal(
      tightened.slice(-2).map(({ seq }) => seq),
    );
    expect(decided.at(-2)?.payload.refusal).to.include({ reason: 'OutsideUniverse' });
    expect((await cluster.replay()).differences).to.deep.equal([]);
  });

  it('scales to zero also where another child cannot be made', async () => {
    await cluster.apply(UNIVERSE, 'lab', { namespaces: ['lab'] });
    await cluster.apply(AGENT, 'lab/a', { image: other });
    await cluster.until(DEPLOYMENT, 'lab/a', replicas(1));
    await cluster.delete(CONFIG_MAP, 'lab/a');
    // Somebody takes the name, and the operator leaves that alone.
    cluster.api.fault = ({ verb, plural }) => {
      if (verb === 'create' && plural === CONFIG_MAP.plural) throw new ClusterError('exists', 'taken', 409);
    };
    await cluster.until(AGENT, 'lab/a', (object) => condition(object, 'Degraded')?.status === 'True');
    await cluster.apply(UNIVERSE, 'lab', { namespaces: ['lab'], ...only });
    await cluster.until(DEPLOYMENT, 'lab/a', replicas(0));
  });

  it('scales to zero what it was before where something is in the way of what it is to be', async () => {
    await cluster.apply(UNIVERSE, 'lab', { namespaces: ['lab'] });
    await cluster.apply(AGENT, 'lab/a', { image: other });
    await cluster.until(DEPLOYMENT, 'lab/a', replicas(1));
    await cluster.delete(CONFIG_MAP, 'lab/a');
    cluster.api.fault = ({ verb, plural }) => {
      if (verb === 'create' && plural === CONFIG_MAP.plural) throw new ClusterError('exists', 'taken', 409);
    };
    await cluster.until(AGENT, 'lab/a', (object) => condition(object, 'Degraded')?.status === 'True');
    await cluster.apply(AGENT, 'lab/a', { image });
    await cluster.recorded(
      ({ type, payload }) => type === 'AgentObserved' && (payload.spec as unknown as JsonMap).image === image,
    );
    expect(replicas(1)(await cluster.find(DEPLOYMENT, 'lab/a'))).to.equal(true);
    await cluster.apply(UNIVERSE, 'lab', { namespaces: ['lab'], ...only });
    await cluster.until(DEPLOYMENT, 'lab/a', replicas(0));

    cluster.api.fault = undefined;
    await cluster.kernel.clock.advance(60_000);
    const runs = await cluster.until(DEPLOYMENT, 'lab/a', replicas(1));
    expect(JSON.stringify(runs?.spec)).to.include(image).and.not.to.include(other);
    expect((await cluster.replay()).differences).to.deep.equal([]);
  });

  it('gives the places of its quota in the order of arrival, and a free one to the next that waits', async () => {
    await cluster.apply(UNIVERSE, 'lab', { namespaces: ['lab', 'lab-2'], quota: { agents: 1 } });
    await cluster.recorded(({ type }) => type === 'UniverseObserved');
    for (const name of ['lab/first', 'lab-2/second', 'lab/third']) {
      await cluster.apply(AGENT, name, { image });
      await cluster.recorded(
        ({ type, aggregate_id: id }) => type === 'AgentObserved' && id === `agents/${name}`,
      );
    }
    await cluster.until(DEPLOYMENT, 'lab/first', replicas(1));
    const second = await cluster.until(AGENT, 'lab-2/second', isOutside);
    expect(messageOf(second)).to.match(
      /^Universe lab: the Agent has no place: there are 1 \(quota\.agents\)/,
    );
    await cluster.until(AGENT, 'lab/third', isOutside);
    await cluster.delete(AGENT, 'lab/first');
    await cluster.until(DEPLOYMENT, 'lab-2/second', replicas(1));
    expect(await cluster.find(DEPLOYMENT, 'lab/third')).to.equal(undefined);
    expect((await cluster.replay()).differences).to.deep.equal([]);
  });

  it('keeps a namespace that another one claims later, until it is gone', async () => {
    await cluster.apply(UNIVERSE, 'old', { namespaces: ['lab'], ...only });
    await cluster.recorded(({ type }) => type === 'UniverseObserved');
    await cluster.apply(UNIVERSE, 'new', { namespaces: ['lab', 'free'] });
    const refused = await cluster.until(
      UNIVERSE,
      'new',
      (object) => condition(object, 'Ready')?.status === 'False',
    );
    expect(condition(refused, 'Ready')).to.include({
      reason: 'NamespaceTaken',
      message:
        'namespace lab stays with Universe old, which claimed it first; take it out of spec.namespaces of one of them',
    });
    expect(statusOf(refused).namespaces).to.deep.equal(['free']);
    await cluster.apply(AGENT, 'lab/a', { image: other });
    await cluster.until(AGENT, 'lab/a', isOutside);
    await cluster.delete(UNIVERSE, 'old');
    await cluster.until(DEPLOYMENT, 'lab/a', replicas(1));
    await cluster.until(UNIVERSE, 'new', (object) => condition(object, 'Ready')?.status === 'True');
  });

  it('is looked at before any Agent when the operator starts', async () => {
    await using late = await OperatedCluster.start(async (prepared) => {
      for (let index = 0; index < 8; index += 1)
        await prepared.apply(AGENT, `lab/a-${index}`, { image: other });
      await prepared.apply(UNIVERSE, 'lab', { namespaces: ['lab'], ...only });
    });
    for (let index = 0; index < 8; index += 1) await late.until(AGENT, `lab/a-${index}`, isOutside);
    expect(late.events.filter(({ type }) => type === 'ActionApplied')).to.deep.equal([]);
  });

  it('counts its Agents in its status', async () => {
    await cluster.apply(UNIVERSE, 'lab', { namespaces: ['lab'], ...only });
    await cluster.recorded(({ type }) => type === 'UniverseObserved');
    await cluster.apply(AGENT, 'lab/good', { image });
    await cluster.apply(AGENT, 'lab/bad', { image: other });
    await cluster.until(AGENT, 'lab/bad', isOutside);
    await cluster.until(DEPLOYMENT, 'lab/good', replicas(1));
    for (let index = 0; index < 30; index += 1) await cluster.apply(AGENT, `lab/more-${index}`, { image });
    await cluster.until(DEPLOYMENT, 'lab/more-29', replicas(1));
    await cluster.kernel.clock.advance(1_000);
    const status = statusOf(
      await cluster.until(
        UNIVERSE,
        'lab',
        (object) => (statusOf(object).agents as JsonMap | undefined)?.outside === 1,
      ),
    );
    expect(status.agents).to.deep.equal({ total: 32, outside: 1 });
    const written = cluster.api.requests.filter(
      ({ verb, plural }) => verb === 'updateStatus' && plural === UNIVERSE.plural,
    );
    expect(written).to.have.length.of.at.most(3);
    expect(status.outsideAgents).to.deep.equal([
      {
        name: 'lab/bad',
        message: 'Universe lab: spec.image must match registry.example.com/agents/* (images.allowed)',
      },
    ]);
  });

  it('bounds namespaces of any name', async () => {
    await cluster.apply(UNIVERSE, 'lab', { namespaces: ['lab'], ...only });
    await cluster.apply(UNIVERSE, 'lab', { namespaces: ['lab', 'constructor'], ...only });
    await cluster.until(
      UNIVERSE,
      'lab',
      (object) => (statusOf(object).namespaces as readonly string[] | undefined)?.length === 2,
    );
    await cluster.apply(AGENT, 'constructor/a', { image: other });
    await cluster.until(AGENT, 'constructor/a', isOutside);
    await cluster.apply(UNIVERSE, 'lab', { namespaces: ['lab'], ...only });
    await cluster.until(DEPLOYMENT, 'constructor/a', replicas(1));
  });

  it('gives no pass to Agents for which nothing is otherwise when its bounds change', async () => {
    await cluster.apply(UNIVERSE, 'lab', { namespaces: ['lab'] });
    await cluster.recorded(({ type }) => type === 'UniverseObserved');
    await cluster.apply(AGENT, 'lab/a', { image });
    await cluster.until(AGENT, 'lab/a', (object) => statusOf(object).lastEvent !== undefined);
    await cluster.kernel.clock.advance(2_000);
    const passes = () =>
      cluster.kernel.telemetry.value('controller_runtime_reconcile_total', {
        controller: 'agent',
        result: 'success',
      });
    const before = passes();
    await cluster.apply(UNIVERSE, 'lab', { namespaces: ['lab'], ...only });
    await cluster.until(UNIVERSE, 'lab', (object) => statusOf(object).observedGeneration === 2);
    await cluster.kernel.clock.advance(2_000);
    expect(passes()).to.equal(before);
  });

  it('admits nothing while its spec was never valid', async () => {
    await cluster.apply(UNIVERSE, 'lab', { namespaces: ['lab'], images: { allowed: [] } });
    await cluster.recorded(({ type }) => type === 'UniverseObserved');
    await cluster.apply(AGENT, 'lab/a', { image });
    const refused = await cluster.until(AGENT, 'lab/a', isOutside);
    expect(messageOf(refused)).to.equal(
      'Universe lab admits nothing: its spec was never valid; mend the Universe',
    );
  });

  it('keeps its last valid bounds when its spec becomes invalid', async () => {
    await cluster.apply(UNIVERSE, 'lab', { namespaces: ['lab'], ...only });
    await cluster.recorded(({ type }) => type === 'UniverseObserved');
    await cluster.apply(UNIVERSE, 'lab', { namespaces: ['elsewhere'], images: { allowed: ['*'] } });
    const invalid = await cluster.until(
      UNIVERSE,
      'lab',
      (object) => condition(object, 'Ready')?.reason === 'InvalidSpec',
    );
    expect(statusOf(invalid).namespaces).to.deep.equal(['lab']);
    await cluster.apply(AGENT, 'lab/good', { image });
    await cluster.apply(AGENT, 'lab/bad', { image: other });
    await cluster.until(DEPLOYMENT, 'lab/good', replicas(1));
    await cluster.until(AGENT, 'lab/bad', isOutside);
  });

  it('loses its turn for a namespace that it lets go of', async () => {
    await cluster.apply(UNIVERSE, 'old', { namespaces: ['lab', 'home'] });
    await cluster.recorded(({ type }) => type === 'UniverseObserved');
    await cluster.apply(UNIVERSE, 'new', { namespaces: ['lab'] });
    const isReady = (status: string) => (object: KubernetesObject | undefined) =>
      condition(object, 'Ready')?.status === status;
    await cluster.until(UNIVERSE, 'new', isReady('False'));
    await cluster.apply(UNIVERSE, 'old', { namespaces: ['home'] });
    await cluster.until(UNIVERSE, 'new', isReady('True'));
    await cluster.apply(UNIVERSE, 'old', { namespaces: ['home', 'lab'] });
    const late = await cluster.until(UNIVERSE, 'old', isReady('False'));
    expect(statusOf(late).namespaces).to.deep.equal(['home']);
    expect((await cluster.replay()).differences).to.deep.equal([]);
  });

  it('lets an Agent go on as it was when its new spec is outside, and lets that stop it', async () => {
    await cluster.apply(UNIVERSE, 'lab', { namespaces: ['lab'], ...only });
    await cluster.recorded(({ type }) => type === 'UniverseObserved');
    await cluster.apply(AGENT, 'lab/a', { image });
    await cluster.until(DEPLOYMENT, 'lab/a', replicas(1));
    await cluster.apply(AGENT, 'lab/a', { image: other });
    await cluster.until(AGENT, 'lab/a', isOutside);
    const imageOf = (object: KubernetesObject | undefined) =>
      (object?.spec as { template: { spec: { containers: readonly JsonMap[] } } } | undefined)?.template.spec
        .containers[0]?.image;
    expect(imageOf(await cluster.until(DEPLOYMENT, 'lab/a', replicas(1)))).to.equal(image);
    await cluster.apply(AGENT, 'lab/a', { image: other, lifecycle: { state: 'Suspended' } });
    await cluster.until(DEPLOYMENT, 'lab/a', replicas(0));
    await cluster.apply(AGENT, 'lab/a', { image: other });
    await cluster.apply(UNIVERSE, 'lab', { namespaces: ['lab'] });
    expect(imageOf(await cluster.until(DEPLOYMENT, 'lab/a', replicas(1)))).to.equal(other);
    expect((await cluster.replay()).differences).to.deep.equal([]);
  });

  it('has nothing recorded nor written anew when the operator starts again', async () => {
    await cluster.apply(UNIVERSE, 'lab', { namespaces: ['lab'], ...only, quota: { agents: 1 } });
    await cluster.recorded(({ type }) => type === 'UniverseObserved');
    await cluster.apply(AGENT, 'lab/good', { image });
    await cluster.until(DEPLOYMENT, 'lab/good', replicas(1));
    await cluster.apply(AGENT, 'lab/late', { image });
    await cluster.until(AGENT, 'lab/late', isOutside);
    await cluster.kernel.clock.advance(1_000);
    await cluster.until(
      UNIVERSE,
      'lab',
      (object) => (statusOf(object).agents as JsonMap | undefined)?.total === 2,
    );
    const { requests } = cluster.api;
    const [events, sent] = [cluster.events.length, requests.length];
    await cluster.restart();
    await cluster.recorded(({ type, seq }) => type === 'ConfigurationObserved' && seq > 2);
    await cluster.kernel.clock.advance(20_000);
    expect(cluster.events.slice(events).map(({ type }) => type)).to.deep.equal([
      'EpochEnded',
      'EpochStarted',
      'ConfigurationObserved',
    ]);
    const isOwn = ({ name }: { readonly name: string }) => name !== 'rynxs-log-anchor';
    expect(requests.slice(sent).filter((request) => request.verb !== 'get' && isOwn(request))).to.deep.equal(
      [],
    );

    // It knows the order of arrival, too.
    await cluster.delete(AGENT, 'lab/good');
    await cluster.until(DEPLOYMENT, 'lab/late', replicas(1));
  });

  it('is only confirmed by spec.universe', async () => {
    await cluster.apply(UNIVERSE, 'lab', { namespaces: ['lab'] });
    await cluster.recorded(({ type }) => type === 'UniverseObserved');
    await cluster.apply(AGENT, 'lab/mine', { image, universe: 'lab' });
    await cluster.apply(AGENT, 'lab/theirs', { image, universe: 'theirs' });
    await cluster.apply(AGENT, 'elsewhere/mine', { image, universe: 'lab' });
    await cluster.until(DEPLOYMENT, 'lab/mine', replicas(1));
    expect(messageOf(await cluster.until(AGENT, 'lab/theirs', isOutside))).to.equal(
      'Universe lab: spec.universe must be lab, or be left out',
    );
    expect(messageOf(await cluster.until(AGENT, 'elsewhere/mine', isOutside))).to.equal(
      'no Universe has this namespace: spec.universe must be left out',
    );
  });
});
