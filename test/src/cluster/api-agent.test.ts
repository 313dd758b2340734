import { readFile } from 'node:fs/promises';
import { definitions } from '@rynxs/agent-sandbox';
import { MemoryStorage } from '@rynxs/kernel/testing';
import type { JsonMap } from '@rynxs/log';
import { expect } from 'chai';
import { type AnyCluster, anyCluster } from './any-cluster.js';
import { LocalOperator, until } from './local-operator.js';
import type { ApiObject } from './real-cluster.js';

const NAMESPACE = 'agents-restricted';
const AGENTS = `/apis/universe.ai/v1alpha1/namespaces/${NAMESPACE}/agents`;
const CHILDREN: Readonly<Record<string, string>> = {
  ConfigMap: `/api/v1/namespaces/${NAMESPACE}/configmaps`,
  PersistentVolumeClaim: `/api/v1/namespaces/${NAMESPACE}/persistentvolumeclaims`,
  NetworkPolicy: `/apis/networking.k8s.io/v1/namespaces/${NAMESPACE}/networkpolicies`,
  Deployment: `/apis/apps/v1/namespaces/${NAMESPACE}/deployments`,
};

const peers = {
  agents: [
    { name: 'db', ports: [{ port: 5432 }] },
    { group: 'lab', ports: [{ port: 80 }] },
  ],
};

/** An Agent with every field in use. */
const FULL: JsonMap = {
  role: 'service',
  image: 'registry.example.com/bot@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef',
  command: ['/bin/bot'],
  args: ['--verbose'],
  env: [
    { name: 'GREETING', value: 'hello' },
    { name: 'EMPTY', value: '' },
    { name: 'TOKEN', valueFrom: { secretKeyRef: { name: 'bot', key: 'token' } } },
  ],
  resources: {
    requests: { cpu: '0.1', memory: '64Mi' },
    limits: { cpu: 1, memory: '1024Mi', 'ephemeral-storage': '2Gi' },
  },
  workspace: { size: '2048Mi', storageClassName: 'none', accessModes: ['ReadWriteOnce'], retain: 'Retain' },
  network: {
    groups: ['lab'],
    egress: {
      dns: true,
      cidrs: [{ cidr: '203.0.113.0/24', ports: [{ port: 443 }, { port: 53, protocol: 'UDP' }] }],
      ...peers,
    },
    ingress: peers,
  },
  isolation: {
    user: 1000,
    readOnlyRootFilesystem: false,
    userNamespace: true,
    seccompProfile: 'profiles/agent.json',
    appArmorProfile: 'k8s-agent',
  },
  lifecycle: { state: 'Running', ttl: '8h' },
};

describe('an Agent on a real API server', () => {
  let cluster: AnyCluster;
  let operator: LocalOperator | undefined;
  const storage = new MemoryStorage();

  before(async () => {
    cluster = await anyCluster({ controllers: ['*'] });
    const namespace = {
      metadata: { name: NAMESPACE, labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } },
    };
    await cluster.api.must('POST', '/api/v1/namespaces', namespace);
    for (const definition of definitions) await install(definition.metadata.name);
    operator = await LocalOperator.start(cluster.kubeconfig, storage, NAMESPACE);
  });
  after(async () => {
    await operator?.stop();
    await cluster.api.send('DELETE', `/api/v1/namespaces/${NAMESPACE}`);
    await cluster[Symbol.asyncDispose]();
  });

  /** As a user installs it: from the chart. */
  async function install(name: string): Promise<void> {
    const path = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
    const yaml = await readFile(new URL(`../../../helm/rynxs/crds/${name}.yaml`, import.meta.url), 'utf8');
    const query = 'fieldManager=test&force=true&fieldValidation=Strict';
    await cluster.api.must('PATCH', `${path}/${name}?${query}`, yaml, 'application/apply-patch+yaml');
    await until(`${name} is established`, async () => {
      const { status } = await cluster.api.must('GET', `${path}/${name}`);
      const { conditions } = (status ?? {}) as { conditions?: readonly JsonMap[] | null };
      return conditions?.find((one) => one.type === 'Established' && one.status === 'True');
    });
  }

  const agent = (name: string, spec: JsonMap) => ({
    apiVersion: 'universe.ai/v1alpha1',
    kind: 'Agent',
    metadata: { name },
    spec,
  });
  const create = (name: string, spec: JsonMap) => cluster.api.must('POST', AGENTS, agent(name, spec));
  const statusOf = async (name: string) =>
    ((await cluster.api.must('GET', `${AGENTS}/${name}`)).status ?? {}) as JsonMap;
  const find = async (kind: string, name: string) => {
    const { status, body } = await cluster.api.send('GET', `${CHILDREN[kind]}/${name}`);
    return status === 200 ? body : undefined;
  };
  const childrenOf = (name: string): Promise<readonly ApiObject[]> =>
    until(`children of ${name}`, async () => {
      const found = await Promise.all(Object.keys(CHILDREN).map((kind) => find(kind, name)));
      const all = found.filter((child) => child !== undefined);
      const { lastEvent } = await statusOf(name);
      return all.length === found.length && lastEvent !== undefined ? all : undefined;
    });

  const podOf = (name: string) =>
    until(`pod of ${name}`, async () => {
      const pods = `/api/v1/namespaces/${NAMESPACE}/pods?labelSelector=universe.ai/agent%3D${name}`;
      const { items } = await cluster.api.must<{ items: readonly ApiObject[] }>('GET', pods);
      return items[0];
    });
  const conditionOf = (name: string, type: string, isAsked: (condition: JsonMap) => boolean) =>
    until(`${type} of ${name}`, async () => {
      const { conditions = [] } = (await statusOf(name)) as { conditions?: readonly JsonMap[] };
      return conditions.find((one) => one.type === type && isAsked(one));
    });

  for (const [name, spec] of Object.entries({ smallest: { image: 'python:3.11-slim' }, full: FULL })) {
    it(`is made of children that its defaults do not make drift: ${name}`, async () => {
      await create(name, spec);
      const before = await childrenOf(name);
      await operator?.stop();
      operator = await LocalOperator.start(cluster.kubeconfig, storage, NAMESPACE);
      // A pass over the Agent after the one that the start calls for is on the record.
      await create(`${name}-later`, spec);
      await childrenOf(`${name}-later`);
      const label = { metadata: { labels: { note: 'of-somebody-else' } } };
      for (const path of Object.values(CHILDREN)) await cluster.api.must('PATCH', `${path}/${name}`, label);
      await create(`${name}-latest`, spec);
      await childrenOf(`${name}-latest`);
      expect(operator.types(`agents/${NAMESPACE}/${name}`), 'events after the start').to.deep.equal([]);
      for (const child of before) {
        const now = await find(child.kind ?? '', name);
        expect(now?.metadata.generation, `generation of ${child.kind}`).to.equal(child.metadata.generation);
        expect(now?.spec, `spec of ${child.kind}`).to.deep.equal(child.spec);
      }
    });

    it(`has a pod that the namespace takes, which enforces the restricted profile: ${name}`, async () => {
      const pod = await podOf(name);
      expect(pod.metadata.labels).to.include({ 'app.kubernetes.io/instance': name });
      expect((await statusOf(name)).phase).to.equal('Pending');
    });
  }

  it('is refused by the API server where it breaks a rule, in words that help', async () => {
    const refused: readonly [JsonMap, string][] = [
      [{ workspace: { existingClaim: 'data', size: '1Gi' } }, 'an existingClaim is used as it is'],
      [{ network: { egress: { agents: [{ ports: [{ port: 1 }] }] } } }, 'give exactly one of name and group'],
      [{ network: { groups: ['a', 'a'] } }, 'Duplicate value'],
      [{ isolation: { seccompProfile: '../x' } }, 'spec.isolation.seccompProfile'],
      [{ workspace: { retain: 'Forever' } }, 'supported values: "Retain", "Delete"'],
    ];
    for (const [fields, message] of refused) {
      const { status, body } = await cluster.api.send(
        'POST',
        AGENTS,
        agent('bad', { image: 'x', ...fields }),
      );
      expect(status, JSON.stringify(fields)).to.equal(422);
      expect(body.message).to.contain(message);
    }
  });

  it('cannot be changed where its workspace cannot, and can where it says the same in other words', async () => {
    const change = (workspace: JsonMap) =>
      cluster.api.send('PATCH', `${AGENTS}/smallest`, { spec: { workspace } });
    for (const [workspace, message] of [
      [{ existingClaim: 'data' }, 'existingClaim cannot be changed'],
      [{ storageClassName: 'fast' }, 'storageClassName cannot be changed'],
      [{ accessModes: ['ReadWriteMany'] }, 'accessModes cannot be changed'],
    ] as const) {
      const { status, body } = await change({ ...workspace });
      expect(status).to.equal(422);
      expect(body.message).to.contain(message);
    }
    expect((await change({ accessModes: ['ReadWriteOnce'] })).status).to.equal(200);
  });

  it('leaves a retained claim behind, which another Agent gets only when it is given to it', async () => {
    await create('keeper', { image: 'x', workspace: { retain: 'Retain' } });
    await childrenOf('keeper');
    await cluster.api.must('DELETE', `${AGENTS}/keeper`);
    await until('the children go', async () =>
      (await find('Deployment', 'keeper')) === undefined && (await find('ConfigMap', 'keeper')) === undefined
        ? true
        : undefined,
    );
    const claim = await find('PersistentVolumeClaim', 'keeper');
    expect(claim?.metadata.deletionTimestamp, 'the claim stays').to.equal(undefined);

    await create('keeper', { image: 'x' });
    const refused = await until('NotOwned', async () => {
      const { conditions = [] } = (await statusOf('keeper')) as { conditions?: readonly JsonMap[] };
      return conditions.find(({ type, reason }) => type === 'Degraded' && reason === 'NotOwned');
    });
    expect(refused.message).to.contain('PersistentVolumeClaim/keeper').and.contain('existingClaim: keeper');
    await cluster.api.must('DELETE', `${AGENTS}/keeper`);
    await until('the Agent is gone', async () =>
      (await cluster.api.send('GET', `${AGENTS}/keeper`)).status === 404 ? true : undefined,
    );

    await create('keeper', { image: 'x', workspace: { existingClaim: 'keeper' } });
    const deployment = await until('a Deployment that runs', async () => {
      const found = await find('Deployment', 'keeper');
      return (found?.spec as { replicas?: number } | undefined)?.replicas === 1 ? found : undefined;
    });
    expect(JSON.stringify(deployment.spec)).to.contain('"claimName":"keeper"');
    const now = await find('PersistentVolumeClaim', 'keeper');
    expect(now?.metadata.uid).to.equal(claim?.metadata.uid);
    expect(now?.metadata.annotations, 'nothing is written to a given claim').to.deep.equal(
      claim?.metadata.annotations,
    );
  });

  it('puts on record how its pod is contained, and says when somebody widens that', async () => {
    const name = 'contained';
    await create(name, { image: 'python:3.11-slim' });
    const pod = await podOf(name);
    // What a kubelet would say.
    const container = {
      name: 'agent',
      ready: true,
      started: true,
      restartCount: 0,
      image: 'python',
      imageID: 'python@sha256:1',
    };
    const running = {
      phase: 'Running',
      conditions: [{ type: 'Ready', status: 'True' }],
      containerStatuses: [container],
    };
    const path = `/api/v1/namespaces/${NAMESPACE}/pods/${pod.metadata.name}/status`;
    await cluster.api.must('PATCH', path, { status: running });
    await conditionOf(name, 'Contained', ({ status }) => status === 'True');
    expect((await statusOf(name)).containment).to.deep.equal({
      imageID: 'python@sha256:1',
      serviceAccountToken: false,
      networkPolicies: [name],
    });

    const policy = {
      metadata: { name: 'open' },
      spec: { podSelector: {}, policyTypes: ['Egress'], egress: [{}] },
    };
    await cluster.api.must('POST', CHILDREN.NetworkPolicy ?? '', policy);
    const { reason, message } = await conditionOf(name, 'Contained', ({ status }) => status === 'False');
    expect({ reason, message }).to.deep.equal({
      reason: 'Widened',
      message: 'NetworkPolicy open has egress rules that the Agent does not have',
    });
    const recorded = (operator?.events ?? []).filter(
      ({ type, aggregate_id: id }) => type === 'ContainmentObserved' && id.endsWith(`/${name}`),
    );
    const [first, second] = recorded.map(({ payload }) => payload.fact as JsonMap);
    expect(first?.network).to.deep.include({ ingress: [], egress: [] });
    expect(first?.securityContext).to.deep.include({ runAsNonRoot: true, runAsUser: 65_532 });
    expect(second?.network).to.deep.include({ egress: [{ peer: 'any', ports: 'any' }] });
    await cluster.api.must('DELETE', `${CHILDREN.NetworkPolicy}/open`);
    await conditionOf(name, 'Contained', ({ status }) => status === 'True');
  });

  it('says why a claim cannot grow yet, and lets it grow when it is bound', async () => {
    const name = 'grower';
    await create(name, { image: 'x', workspace: { size: '1Gi', storageClassName: 'growing' } });
    await childrenOf(name);
    const larger = { spec: { workspace: { size: '2Gi' } } };
    await cluster.api.must('PATCH', `${AGENTS}/${name}`, larger);
    const refused = await conditionOf(name, 'Degraded', ({ status }) => status === 'True');
    expect(refused).to.include({ reason: 'Invalid' });
    expect(refused.message).to.contain(`PersistentVolumeClaim/${name}`).and.contain('bound claims');

    const storageClasses = '/apis/storage.k8s.io/v1/storageclasses';
    await cluster.api.must('POST', storageClasses, {
      metadata: { name: 'growing' },
      provisioner: 'example.com/none',
      allowVolumeExpansion: true,
    });
    await cluster.api.must('POST', '/api/v1/persistentvolumes', {
      metadata: { name: `${NAMESPACE}-${name}` },
      spec: {
        capacity: { storage: '1Gi' },
        accessModes: ['ReadWriteOnce'],
        storageClassName: 'growing',
        claimRef: { namespace: NAMESPACE, name },
        hostPath: { path: '/nowhere' },
      },
    });
    try {
      await until('a larger claim', async () => {
        const claim = await find('PersistentVolumeClaim', name);
        const { resources } = (claim?.spec ?? {}) as { resources?: { requests?: { storage?: string } } };
        return resources?.requests?.storage === '2Gi' ? true : undefined;
      });
      await conditionOf(name, 'Degraded', ({ status }) => status === 'False');
    } finally {
      await cluster.api.send('DELETE', `/api/v1/persistentvolumes/${NAMESPACE}-${name}`);
      await cluster.api.send('DELETE', `${storageClasses}/growing`);
    }
  });
});
