import { ClusterError, type KubernetesObject, OWNER_UID_ANNOTATION } from '@rynxs/kernel';
import type { JsonMap } from '@rynxs/log';
import { expect } from 'chai';
import { AGENT } from './definition.js';
import { AGENT_LABEL } from './manifests/metadata.js';
import {
  AGENT_CHILDREN,
  CONFIG_MAP,
  DEPLOYMENT,
  PERSISTENT_VOLUME_CLAIM,
} from './manifests/resource-types.js';
import { OperatedCluster } from './testing/operated-cluster.js';

const { signal } = new AbortController();
const options = { signal };
const image = 'python:3.11-slim';

const replicas = (count: number) => (object: KubernetesObject | undefined) =>
  (object?.spec as { replicas?: number } | undefined)?.replicas === count;
const degraded = (reason: string) => (agent: KubernetesObject | undefined) =>
  conditionOf(agent, 'Degraded')?.reason === reason;

describe('the claim behind a workspace', () => {
  let cluster: OperatedCluster;
  beforeEach(async () => {
    cluster = await OperatedCluster.start();
  });
  afterEach(async () => {
    const { differences } = await cluster.replay();
    await cluster[Symbol.asyncDispose]();
    expect(differences).to.deep.equal([]);
  });

  const claim = (
    labels: Readonly<Record<string, string>>,
    more: Partial<KubernetesObject['metadata']> = {},
  ) =>
    cluster.api.create(
      PERSISTENT_VOLUME_CLAIM,
      {
        apiVersion: 'v1',
        kind: 'PersistentVolumeClaim',
        metadata: { name: 'data', namespace: 'default', labels, ...more },
        spec: {},
      },
      options,
    );
  const relabel = async (labels: Readonly<Record<string, string>>) => {
    const live = await find('data');
    await cluster.api.update(
      PERSISTENT_VOLUME_CLAIM,
      { ...live, metadata: { ...live.metadata, labels } },
      options,
    );
  };
  const find = async (name: string) => {
    const found = await cluster.find(PERSISTENT_VOLUME_CLAIM, `default/${name}`);
    if (found === undefined) throw new Error(`no claim ${name}`);
    return found;
  };
  const claimEvents = () =>
    cluster.events.filter(({ type }) => type === 'WorkspaceClaimObserved').map(({ payload }) => payload.fact);
  const given = { image, workspace: { existingClaim: 'data' } };

  it('that an Agent is given is used once it carries the name of the Agent, and no longer than that', async () => {
    await cluster.apply(AGENT, 'default/a', given);
    await cluster.until(AGENT, 'default/a', degraded('WorkspaceClaimMissing'));
    await cluster.until(DEPLOYMENT, 'default/a', replicas(0));

    const { uid = '' } = (await claim({ [AGENT_LABEL]: 'b' })).metadata;
    await cluster.rest();
    expect(replicas(0)(await cluster.find(DEPLOYMENT, 'default/a')), 'a claim for somebody else').to.equal(
      true,
    );

    await relabel({ [AGENT_LABEL]: 'a' });
    await cluster.until(DEPLOYMENT, 'default/a', replicas(1));
    await cluster.until(AGENT, 'default/a', degraded('AsExpected'));
    await relabel({});
    await cluster.until(DEPLOYMENT, 'default/a', replicas(0));
    expect(claimEvents()).to.deep.equal([
      { claim: 'data', uid: null },
      { claim: 'data', uid },
      { claim: 'data', uid: null },
    ]);
  });

  it('that an Agent is given is found before the first decision, and never written to', async () => {
    await claim({ [AGENT_LABEL]: 'a' });
    const before = await find('data');
    await cluster.apply(AGENT, 'default/a', given);
    await cluster.until(DEPLOYMENT, 'default/a', replicas(1));
    await cluster.delete(AGENT, 'default/a');
    await cluster.recorded(({ type }) => type === 'AgentDeleted');
    expect(await find('data')).to.deep.equal(before);
    const decided = cluster.events.filter(({ type }) => type === 'ActionsDecided');
    expect(decided).to.have.lengthOf(1);
    expect(JSON.stringify(decided)).not.to.contain('PersistentVolumeClaim');
  });

  it('that is retained belongs to nobody, and is put back when somebody makes it theirs or takes its name off', async () => {
    await cluster.apply(AGENT, 'default/data', { image, workspace: { retain: 'Retain' } });
    const isWhole = (object: KubernetesObject | undefined) =>
      object?.metadata.ownerReferences === undefined || object.metadata.ownerReferences.length === 0
        ? object?.metadata.labels?.[AGENT_LABEL] === 'data'
        : false;
    const made = await cluster.until(PERSISTENT_VOLUME_CLAIM, 'default/data', isWhole);
    const { uid } = (await cluster.find(AGENT, 'default/data'))?.metadata ?? {};
    expect(made?.metadata.annotations?.[OWNER_UID_ANNOTATION]).to.equal(uid);
    await cluster.rest();

    const owner = { apiVersion: 'v1', kind: 'ConfigMap', name: 'x', uid: 'x', controller: true };
    const stolen = await find('data');
    const metadata = { ...stolen.metadata, ownerReferences: [owner] };
    await cluster.api.update(PERSISTENT_VOLUME_CLAIM, { ...stolen, metadata }, options);
    await cluster.recorded(
      ({ type, payload }) =>
        type === 'DriftObserved' &&
        (payload.paths as readonly string[]).includes('/metadata/ownerReferences'),
    );
    await cluster.until(PERSISTENT_VOLUME_CLAIM, 'default/data', isWhole);
    await cluster.rest();

    await relabel({});
    await cluster.until(PERSISTENT_VOLUME_CLAIM, 'default/data', isWhole);
  });

  it('may become retained and the opposite, which moves the owner reference and nothing else', async () => {
    await cluster.apply(AGENT, 'default/data', { image });
    const owners = (count: number) => (object: KubernetesObject | undefined) =>
      object !== undefined && (object.metadata.ownerReferences ?? []).length === count;
    const before = await cluster.until(PERSISTENT_VOLUME_CLAIM, 'default/data', owners(1));
    await cluster.apply(AGENT, 'default/data', { image, workspace: { retain: 'Retain' } });
    const retained = await cluster.until(PERSISTENT_VOLUME_CLAIM, 'default/data', owners(0));
    expect(retained?.metadata.uid).to.equal(before?.metadata.uid);
    await cluster.apply(AGENT, 'default/data', { image, workspace: { retain: 'Delete' } });
    const owned = await cluster.until(PERSISTENT_VOLUME_CLAIM, 'default/data', owners(1));
    expect(owned?.metadata.annotations ?? {}).not.to.have.property(OWNER_UID_ANNOTATION);
    expect(owned?.spec).to.deep.equal(before?.spec);
  });

  for (const resource of AGENT_CHILDREN) {
    it(`or any child: a ${resource.kind} of somebody else in the way is left alone and named`, async () => {
      const owner = { apiVersion: 'v1', kind: 'Agent', name: 'a', uid: 'of-another', controller: true };
      const foreign = {
        apiVersion: 'v1',
        kind: resource.kind,
        metadata: {
          name: 'a',
          namespace: 'default',
          annotations: { [OWNER_UID_ANNOTATION]: 'of-another' },
          ownerReferences: [owner],
        },
        spec: { mine: true },
      };
      const before = await cluster.api.create(resource, foreign, options);
      await cluster.apply(AGENT, 'default/a', { image });
      const agent = await cluster.until(AGENT, 'default/a', degraded('NotOwned'));
      expect(conditionOf(agent, 'Degraded')?.message).to.contain(
        `${resource.kind}/a: ${resource.kind} a exists and belongs to somebody else`,
      );
      expect(await cluster.find(resource, 'default/a')).to.deep.equal(before);
      await cluster.delete(AGENT, 'default/a');
      await cluster.recorded(({ type }) => type === 'AgentDeleted');
      expect(await cluster.find(resource, 'default/a')).to.deep.equal(before);
    });
  }

  it('or any child: what is in the way costs nothing while it stays, and is soon seen to be gone', async () => {
    const foreign = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a', namespace: 'default' } };
    await cluster.api.create(CONFIG_MAP, foreign, options);
    await cluster.apply(AGENT, 'default/a', { image });
    await cluster.until(AGENT, 'default/a', degraded('NotOwned'));
    await cluster.rest();
    const requests = () => cluster.api.requests.filter(({ name }) => name === 'a' || name.startsWith('a.'));
    const ofAgent = () => cluster.events.filter(({ aggregate_id: id }) => id === 'agents/default/a');
    const before = { requests: requests().length, events: ofAgent().length };
    await cluster.pass(3_600_000);
    expect(requests().length - before.requests, 'requests of an hour').to.equal(0);
    const since = ofAgent().slice(before.events);
    expect(since.map(({ type }) => type)).to.deep.equal(['AgentDegraded']);
    await cluster.delete(CONFIG_MAP, 'default/a');
    await cluster.pass(11_000);
    await cluster.until(AGENT, 'default/a', degraded('AsExpected'));
  });

  it('that cannot be made larger before it is bound is made larger then, and tried once', async () => {
    await cluster.apply(AGENT, 'default/data', { image, workspace: { size: '1Gi' } });
    await cluster.until(PERSISTENT_VOLUME_CLAIM, 'default/data', (object) => object !== undefined);
    await cluster.rest();
    let isBound = false;
    let refused = 0;
    cluster.api.fault = ({ verb, plural }) => {
      if (isBound || verb !== 'update' || plural !== 'persistentvolumeclaims') return;
      refused += 1;
      throw new ClusterError('invalid', 'spec is immutable after creation except for bound claims', 422);
    };
    await cluster.apply(AGENT, 'default/data', { image, workspace: { size: '2Gi' } });
    await cluster.until(AGENT, 'default/data', degraded('Invalid'));
    await cluster.pass(60_000);
    expect(refused).to.equal(1);

    const bind = async (note: string) =>
      cluster.api.updateStatus(
        PERSISTENT_VOLUME_CLAIM,
        { ...(await find('data')), status: { phase: 'Bound', note } },
        options,
      );
    await bind('first');
    await cluster.rest();
    expect(refused, 'tries when it is bound').to.equal(2);
    await bind('second');
    await cluster.pass(60_000);
    expect(refused, 'tries when nothing is new').to.equal(2);

    isBound = true;
    await cluster.apply(AGENT, 'default/data', { image, workspace: { size: '3Gi' } });
    await cluster.until(AGENT, 'default/data', degraded('AsExpected'));
    expect((await find('data')).spec).to.deep.include({ resources: { requests: { storage: '3Gi' } } });
  });

  it('that cannot be made larger is tried again less and less often, and says why', async () => {
    await cluster.apply(AGENT, 'default/a', { image });
    await cluster.until(PERSISTENT_VOLUME_CLAIM, 'default/a', (object) => object !== undefined);
    await cluster.rest();
    const requests = () =>
      cluster.api.requests.filter(
        ({ verb, plural }) => verb === 'update' && plural === 'persistentvolumeclaims',
      ).length;
    cluster.api.fault = ({ verb, plural }) => {
      if (verb === 'update' && plural === 'persistentvolumeclaims')
        throw new ClusterError('denied', 'only dynamically provisioned pvc can be resized', 403);
    };
    await cluster.apply(AGENT, 'default/a', { image, workspace: { size: '2Gi' } });
    const agent = await cluster.until(AGENT, 'default/a', degraded('Denied'));
    expect(conditionOf(agent, 'Degraded')?.message).to.contain(
      'only dynamically provisioned pvc can be resized',
    );
    await cluster.pass(3_600_000);
    expect(requests()).to.be.within(10, 25);
    expect(cluster.events.length, 'events').to.be.at.most(60);
  });
});

function conditionOf(agent: KubernetesObject | undefined, type: string): JsonMap | undefined {
  const { conditions = [] } = (agent?.status ?? {}) as { readonly conditions?: readonly JsonMap[] };
  return conditions.find((condition) => condition.type === type);
}
