import { readFile } from 'node:fs/promises';
import { definitions } from '@rynxs/agent-sandbox';
import { MemoryStorage } from '@rynxs/kernel/testing';
import type { JsonMap } from '@rynxs/log';
import { expect } from 'chai';
import { type AnyCluster, anyCluster } from './any-cluster.js';
import { LocalOperator, until } from './local-operator.js';

const NAMESPACE = 'universe-lab';
const GROUP = '/apis/universe.ai/v1alpha1';
const AGENTS = `${GROUP}/namespaces/${NAMESPACE}/agents`;
const SESSIONS = `${GROUP}/namespaces/${NAMESPACE}/sessions`;
const UNIVERSES = `${GROUP}/universes`;
const DEPLOYMENTS = `/apis/apps/v1/namespaces/${NAMESPACE}/deployments`;
const apiVersion = 'universe.ai/v1alpha1';

describe('a Universe on a real API server', () => {
  let cluster: AnyCluster;
  let operator: LocalOperator | undefined;

  before(async () => {
    cluster = await anyCluster();
    await cluster.api.must('POST', '/api/v1/namespaces', { metadata: { name: NAMESPACE } });
    for (const { metadata } of definitions) await install(metadata.name);
    operator = await LocalOperator.start(cluster.kubeconfig, new MemoryStorage(), NAMESPACE);
  });
  after(async () => {
    await operator?.stop();
    await cluster.api.send('DELETE', `${UNIVERSES}/${NAMESPACE}`);
    await cluster.api.send('DELETE', `/api/v1/namespaces/${NAMESPACE}`);
    await cluster[Symbol.asyncDispose]();
  });

  /** As a user installs it: from the chart. */
  async function install(name: string): Promise<void> {
    const path = `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${name}`;
    const yaml = await readFile(new URL(`../../../helm/rynxs/crds/${name}.yaml`, import.meta.url), 'utf8');
    const query = 'fieldManager=test&force=true&fieldValidation=Strict';
    await cluster.api.must('PATCH', `${path}?${query}`, yaml, 'application/apply-patch+yaml');
    await until(`${name} is established`, async () => {
      const { conditions } = ((await cluster.api.must('GET', path)).status ?? {}) as {
        conditions?: readonly JsonMap[] | null;
      };
      return conditions?.find((one) => one.type === 'Established' && one.status === 'True');
    });
  }

  const read = async (path: string): Promise<JsonMap> =>
    ((await cluster.api.must('GET', path)).status ?? {}) as JsonMap;
  const replicas = (count: number) =>
    until(`a Deployment of ${count}`, async () => {
      const { body } = await cluster.api.send('GET', `${DEPLOYMENTS}/bot`);
      return (body.spec as { replicas?: number } | undefined)?.replicas === count ? true : undefined;
    });
  const condition = (path: string, type: string, reason: string) =>
    until(`${type} of ${path} with ${reason}`, async () =>
      ((await read(path)).conditions as readonly JsonMap[] | undefined)?.find(
        (one) => one.type === type && one.reason === reason,
      ),
    );

  it('bounds the Agents of its namespace, which are told, and counts them', async () => {
    const universe = {
      apiVersion,
      kind: 'Universe',
      metadata: { name: NAMESPACE },
      spec: { namespaces: [NAMESPACE], quota: { agents: 1 } },
    };
    await cluster.api.must('POST', UNIVERSES, universe);
    await condition(`${UNIVERSES}/${NAMESPACE}`, 'Ready', 'BoundsEnforced');
    const agent = (name: string, fields: JsonMap = {}) => ({
      apiVersion,
      kind: 'Agent',
      metadata: { name },
      spec: { image: 'python:3.11-slim', ...fields },
    });
    await cluster.api.must('POST', AGENTS, agent('bot'));
    await replicas(1);
    await cluster.api.must('POST', AGENTS, agent('late', { universe: NAMESPACE }));
    expect((await condition(`${AGENTS}/late`, 'Degraded', 'OutsideUniverse')).message).to.contain(
      'quota.agents',
    );

    const patch = { spec: { images: { allowed: ['registry.example.com/**'] } } };
    await cluster.api.must('PATCH', `${UNIVERSES}/${NAMESPACE}`, patch, 'application/merge-patch+json');
    await replicas(0);
    expect((await condition(`${AGENTS}/bot`, 'Degraded', 'OutsideUniverse')).message).to.equal(
      `Universe ${NAMESPACE}: spec.image must match registry.example.com/** (images.allowed)`,
    );
    await until('both are counted', async () => {
      const { agents } = (await read(`${UNIVERSES}/${NAMESPACE}`)) as { agents?: JsonMap };
      return agents?.total === 2 && agents.outside === 2 ? true : undefined;
    });
    await cluster.api.must('DELETE', `${UNIVERSES}/${NAMESPACE}`);
    await replicas(1);
  });

  it('leaves a Session open until it is closed, and the record says so', async () => {
    const session = {
      apiVersion,
      kind: 'Session',
      metadata: { name: 'chat' },
      spec: { agentRef: { name: 'bot' }, principal: 'alice' },
    };
    await cluster.api.must('POST', SESSIONS, session);
    await condition(`${SESSIONS}/chat`, 'Ready', 'AgentNotReady');
    const patch = { spec: { lifecycle: { state: 'Closed' } } };
    await cluster.api.must('PATCH', `${SESSIONS}/chat`, patch, 'application/merge-patch+json');
    await condition(`${SESSIONS}/chat`, 'Ready', 'ClosedBySpec');
    expect(operator?.types(`sessions/${NAMESPACE}/chat`)).to.deep.equal([
      'SessionObserved',
      'ActionsDecided',
      'SessionObserved',
      'ActionsDecided',
    ]);
  });
});
