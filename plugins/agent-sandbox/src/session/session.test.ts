import type { KubernetesObject } from '@rynxs/kernel';
import type { JsonMap } from '@rynxs/log';
import { expect } from 'chai';
import { AGENT } from '../definition.js';
import { POD } from '../manifests/resource-types.js';
import { OperatedCluster } from '../testing/operated-cluster.js';
import { UNIVERSE } from '../universe/universe-definition.js';
import { SESSION } from './session-definition.js';

const image = 'registry.example.com/agents/bot:1';
const spec = { agentRef: { name: 'bot' }, principal: 'alice@example.com' };
const NAME = 'default/chat';

const statusOf = (object: KubernetesObject | undefined) => (object?.status ?? {}) as JsonMap;
const condition = (object: KubernetesObject | undefined, type: string) =>
  ((statusOf(object).conditions ?? []) as readonly JsonMap[]).find((one) => one.type === type);
const isIn = (phase: string, reason: string) => (object: KubernetesObject | undefined) =>
  statusOf(object).phase === phase && condition(object, 'Ready')?.reason === reason;

describe('a Session', () => {
  let cluster: OperatedCluster;
  beforeEach(async () => {
    cluster = await OperatedCluster.start();
  });
  afterEach(() => cluster[Symbol.asyncDispose]());

  const phases = () =>
    cluster.events
      .filter(({ type, aggregate_id: id }) => type === 'ActionsDecided' && id === `sessions/${NAME}`)
      .flatMap(({ payload }) => ((payload.phase as JsonMap | undefined)?.name as string | undefined) ?? []);

  it('is active while its Agent is ready, and every step is on the record with its cause', async () => {
    await cluster.apply(SESSION, NAME, spec);
    await cluster.until(SESSION, NAME, isIn('Pending', 'AgentMissing'));
    await cluster.apply(AGENT, 'default/bot', { image });
    await cluster.until(SESSION, NAME, isIn('Pending', 'AgentNotReady'));
    await cluster.makeReady('default/bot');
    const active = await cluster.until(SESSION, NAME, isIn('Active', 'AgentReady'));
    expect(condition(active, 'Ready')).to.include({ status: 'True' });
    expect(statusOf(active).agentUid).to.equal((await cluster.find(AGENT, 'default/bot'))?.metadata.uid);

    await cluster.apply(AGENT, 'default/bot', { image, lifecycle: { state: 'Suspended' } });
    await cluster.until(SESSION, NAME, isIn('Pending', 'AgentNotReady'));
    expect(phases()).to.deep.equal(['Pending', 'Active', 'Pending']);
    const ready = cluster.events.find(({ type }) => type === 'AgentReady');
    const activated = cluster.events.find(
      ({ type, payload }) =>
        type === 'ActionsDecided' && (payload.phase as JsonMap | undefined)?.name === 'Active',
    );
    expect(activated?.payload).to.include({ cause: ready?.seq, decider: 'session@1' });
    expect((await cluster.replay()).differences).to.deep.equal([]);
  });

  it('waits for a resumed Agent to be ready anew', async () => {
    await cluster.apply(AGENT, 'default/bot', { image });
    await cluster.apply(SESSION, NAME, spec);
    await cluster.makeReady('default/bot');
    await cluster.until(SESSION, NAME, isIn('Active', 'AgentReady'));
    await cluster.apply(AGENT, 'default/bot', { image, lifecycle: { state: 'Suspended' } });
    await cluster.delete(POD, 'default/bot-1');
    await cluster.recorded(({ type }) => type === 'AgentSuspended');
    await cluster.apply(AGENT, 'default/bot', { image });
    await cluster.recorded(
      ({ type, payload }) => type === 'AgentObserved' && (payload.generation as number) === 3,
    );
    await cluster.until(AGENT, 'default/bot', (object) => statusOf(object).phase === 'Pending');
    await cluster.until(SESSION, NAME, isIn('Pending', 'AgentNotReady'));
    expect(phases()).to.deep.equal(['Pending', 'Active', 'Pending']);
  });

  it('is closed for good by its spec', async () => {
    await cluster.apply(AGENT, 'default/bot', { image });
    await cluster.apply(SESSION, NAME, spec);
    await cluster.until(SESSION, NAME, isIn('Pending', 'AgentNotReady'));
    await cluster.apply(SESSION, NAME, { ...spec, lifecycle: { state: 'Closed' } });
    await cluster.until(SESSION, NAME, isIn('Closed', 'ClosedBySpec'));
    await cluster.apply(SESSION, NAME, spec);
    await cluster.recorded(
      ({ type, payload, aggregate_id: id }) =>
        type === 'SessionObserved' && id === `sessions/${NAME}` && payload.generation === 3,
    );
    await cluster.makeReady('default/bot');
    expect(phases()).to.deep.equal(['Pending', 'Closed']);
    const refused = await cluster.until(
      SESSION,
      NAME,
      (object) => condition(object, 'Degraded')?.status === 'True',
    );
    expect(condition(refused, 'Degraded')?.message).to.equal(
      'spec.lifecycle.state cannot be Open again; make another Session',
    );
  });

  it('is closed by a spec that is refused otherwise', async () => {
    await cluster.apply(SESSION, NAME, spec);
    await cluster.until(SESSION, NAME, isIn('Pending', 'AgentMissing'));
    await cluster.apply(SESSION, NAME, { ...spec, principal: 'mallory', lifecycle: { state: 'Closed' } });
    const closed = await cluster.until(SESSION, NAME, isIn('Closed', 'ClosedBySpec'));
    expect(condition(closed, 'Degraded')).to.include({
      status: 'True',
      message: 'spec.principal cannot be changed; make another Session',
    });
  });

  it('ends with its Agent, and is not that of another one of the same name', async () => {
    await cluster.apply(AGENT, 'default/bot', { image });
    await cluster.apply(SESSION, NAME, spec);
    await cluster.until(SESSION, NAME, isIn('Pending', 'AgentNotReady'));
    await cluster.delete(AGENT, 'default/bot');
    await cluster.until(SESSION, NAME, isIn('Closed', 'AgentDeleted'));
    await cluster.apply(AGENT, 'default/bot', { image });
    await cluster.recorded(
      ({ type, aggregate_id: id, seq }) =>
        type === 'AgentObserved' &&
        id === 'agents/default/bot' &&
        seq > (cluster.events.find((event) => event.type === 'AgentDeleted')?.seq ?? 0),
    );
    expect(phases()).to.deep.equal(['Pending', 'Closed']);
    expect((await cluster.replay()).differences).to.deep.equal([]);
  });

  it('expires when its ttl is over, counted from its creation', async () => {
    await cluster.apply(SESSION, NAME, { ...spec, lifecycle: { ttl: '30m' } });
    const pending = await cluster.until(SESSION, NAME, isIn('Pending', 'AgentMissing'));
    const created = Date.parse(pending?.metadata.creationTimestamp ?? '');
    const expiresAt = new Date(created + 30 * 60_000).toISOString().replace('.000Z', 'Z');
    expect(statusOf(pending).expiresAt).to.equal(expiresAt);
    await cluster.kernel.clock.advance(Date.parse(expiresAt) - cluster.kernel.clock.now());
    await cluster.until(SESSION, NAME, isIn('Expired', 'TtlOver'));
    await cluster.apply(SESSION, NAME, { ...spec, lifecycle: { ttl: '9h' } });
    await cluster.recorded(({ type, payload }) => type === 'SessionObserved' && payload.generation === 2);
    expect(phases()).to.deep.equal(['Pending', 'Expired']);
  });

  it('is pending while its Agent is outside its Universe', async () => {
    await cluster.apply(AGENT, 'default/bot', { image });
    await cluster.apply(SESSION, NAME, spec);
    await cluster.makeReady('default/bot');
    await cluster.until(SESSION, NAME, isIn('Active', 'AgentReady'));
    await cluster.apply(UNIVERSE, 'lab', { namespaces: ['default'], quota: { agents: 0 } });
    await cluster.until(SESSION, NAME, isIn('Pending', 'AgentNotReady'));
    expect((await cluster.replay()).differences).to.deep.equal([]);
  });

  it('costs nothing while nothing changes', async () => {
    await cluster.apply(AGENT, 'default/bot', { image });
    await cluster.apply(SESSION, NAME, spec);
    await cluster.makeReady('default/bot');
    await cluster.until(SESSION, NAME, isIn('Active', 'AgentReady'));
    await cluster.kernel.clock.advance(60_000);
    const { requests } = cluster.kernel.cluster;
    const [events, sent] = [cluster.events.length, requests.length];
    await cluster.kernel.clock.advance(24 * 3_600_000);
    expect(cluster.events.slice(events)).to.deep.equal([]);
    expect(requests.slice(sent)).to.deep.equal([]);
  });
});
