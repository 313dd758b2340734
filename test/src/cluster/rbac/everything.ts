import type { JsonMap } from '@rynxs/log';
import { until } from '../local-operator.js';
import type { ApiClient, ApiObject, RealCluster } from '../real-cluster.js';
import { newLogDirectory, OPERATOR_NAMESPACE, runOperator } from './operator-run.js';

export const NAMESPACE = 'rbac-lab';
const GROUP = '/apis/universe.ai/v1alpha1';
const AGENTS = `${GROUP}/namespaces/${NAMESPACE}/agents`;
const SESSIONS = `${GROUP}/namespaces/${NAMESPACE}/sessions`;
const UNIVERSES = `${GROUP}/universes`;
const CLAIMS = `/api/v1/namespaces/${NAMESPACE}/persistentvolumeclaims`;
const DEPLOYMENTS = `/apis/apps/v1/namespaces/${NAMESPACE}/deployments`;
export const LEASES = `/apis/coordination.k8s.io/v1/namespaces/${OPERATOR_NAMESPACE}/leases`;
export const ANCHORS = `/api/v1/namespaces/${OPERATOR_NAMESPACE}/configmaps`;

/** Where the children of an Agent are. */
export const CHILDREN: readonly string[] = [
  `/api/v1/namespaces/${NAMESPACE}/configmaps`,
  CLAIMS,
  `/apis/networking.k8s.io/v1/namespaces/${NAMESPACE}/networkpolicies`,
  DEPLOYMENTS,
];

const labels = { app: 'somebody-else' };
const claimSpec = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } };
/** Objects of somebody else, in the order of `CHILDREN`. */
const FOREIGN: readonly JsonMap[] = [
  { data: {} },
  { spec: claimSpec },
  { spec: { podSelector: {} } },
  {
    spec: {
      replicas: 0,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: 'main', image: 'main' }] } },
    },
  },
];

/** The Agent whose children `drift` changes. */
const PLAIN = 'plain';

/** Makes the namespaces that the operator and its objects are in. */
export async function makeNamespaces(api: ApiClient): Promise<void> {
  for (const name of [NAMESPACE, OPERATOR_NAMESPACE])
    await api.must('POST', '/api/v1/namespaces', { metadata: { name } });
}

/** Changes a label of each child of an Agent, as somebody else would. */
export async function drift(api: ApiClient): Promise<void> {
  const changed = { metadata: { labels: { 'app.kubernetes.io/managed-by': 'somebody-else' } } };
  for (const path of CHILDREN) await api.must('PATCH', `${path}/${PLAIN}`, changed);
}

/** The messages of all conditions of all Agents. */
export async function conditionsOfAgents(api: ApiClient): Promise<readonly string[]> {
  const { items } = await api.must<{ items: readonly ApiObject[] }>('GET', AGENTS);
  return items.flatMap(({ status }) => {
    const { conditions = [] } = (status ?? {}) as { conditions?: readonly { message: string }[] };
    return conditions.map(({ message }) => message);
  });
}

/**
 * Has the operator, as the user of a kubeconfig, do everything that it can do, in a cluster that has the namespaces
 * and nothing else; to its end.
 */
export async function doEverything(cluster: RealCluster, kubeconfig: string): Promise<void> {
  const { api } = cluster;
  const directory = newLogDirectory(cluster);
  await using first = runOperator(kubeconfig, directory, { isReplica: true });
  await first.printed('"leading"');
  await agentsAreMade(api);
  await agentsChange(api);
  await claimsAreKept(api);
  await universesAndSessions(api);
  first.signal('SIGKILL');
  await first.ended();
  await api.must('DELETE', `${AGENTS}/given`);
  await using second = runOperator(kubeconfig, directory, { isReplica: true });
  await second.printed('"leading"');
  await createAgent(api, 'after-the-crash');
  await api.must('DELETE', `${AGENTS}/after-the-crash`);
  second.signal('SIGTERM');
  const { code, stdout, stderr } = await second.ended();
  if (code !== 0) throw new Error(`the operator ended with ${code}: ${stdout}${stderr}`);
}

/** Of which some find objects of somebody else in the way, one for each kind of child. */
async function agentsAreMade(api: ApiClient): Promise<void> {
  await createAgent(api, PLAIN);
  for (const [index, path] of CHILDREN.entries()) {
    const name = `in-the-way-${index}`;
    await api.must('POST', path, { metadata: { name }, ...FOREIGN[index] });
    await api.must('POST', AGENTS, agent(name));
    await condition(api, `${AGENTS}/${name}`, 'NotOwned');
  }
}

async function agentsChange(api: ApiClient): Promise<void> {
  await drift(api);
  for (const path of CHILDREN) {
    await until(`drift of ${path} is repaired`, async () => {
      const { metadata } = await api.must('GET', `${path}/${PLAIN}`);
      const { 'app.kubernetes.io/managed-by': by } = metadata.labels as Readonly<Record<string, string>>;
      return by === 'rynxs' ? true : undefined;
    });
  }
  const spec = { image: 'python:3.12-slim', network: { egress: { dns: true } } };
  const changed = await api.must('PATCH', `${AGENTS}/${PLAIN}`, { spec });
  await observed(api, `${AGENTS}/${PLAIN}`, changed);
  await api.must('DELETE', `${DEPLOYMENTS}/${PLAIN}`);
  await until('the Deployment is made again', () => found(api, `${DEPLOYMENTS}/${PLAIN}`));
}

async function claimsAreKept(api: ApiClient): Promise<void> {
  await createAgent(api, 'kept', { workspace: { retain: 'Retain' } });
  await api.must('DELETE', `${AGENTS}/kept`);
  const offered = { metadata: { name: 'offered', labels: { 'universe.ai/agent': 'given' } } };
  await api.must('POST', CLAIMS, { ...offered, spec: claimSpec });
  const given = agent('given', { workspace: { existingClaim: 'offered' } });
  await api.must('POST', AGENTS, given);
  await until('the Agent works in the claim', () => found(api, `${DEPLOYMENTS}/given`));
}

async function universesAndSessions(api: ApiClient): Promise<void> {
  const universe = (name: string, namespace: string) => ({
    apiVersion: 'universe.ai/v1alpha1',
    kind: 'Universe',
    metadata: { name },
    spec: { namespaces: [namespace] },
  });
  await api.must('POST', UNIVERSES, universe('elsewhere', 'nowhere'));
  await api.must('POST', UNIVERSES, universe('lab', NAMESPACE));
  await condition(api, `${UNIVERSES}/lab`, 'BoundsEnforced');
  const bounds = { spec: { images: { allowed: ['registry.example.com/**'] } } };
  await api.must('PATCH', `${UNIVERSES}/lab`, bounds);
  await condition(api, `${AGENTS}/${PLAIN}`, 'OutsideUniverse');
  await api.must('DELETE', `${UNIVERSES}/lab`);
  await until('the Agent may run again', async () => {
    const { spec } = await api.must('GET', `${DEPLOYMENTS}/${PLAIN}`);
    return (spec as { replicas: number }).replicas === 1 ? true : undefined;
  });
  await api.must('POST', SESSIONS, {
    apiVersion: 'universe.ai/v1alpha1',
    kind: 'Session',
    metadata: { name: 'chat' },
    spec: { agentRef: { name: PLAIN }, principal: 'alice' },
  });
  await condition(api, `${SESSIONS}/chat`, 'AgentNotReady');
  await api.must('PATCH', `${SESSIONS}/chat`, { spec: { lifecycle: { state: 'Closed' } } });
  await condition(api, `${SESSIONS}/chat`, 'ClosedBySpec');
}

function agent(name: string, spec: JsonMap = {}) {
  return {
    apiVersion: 'universe.ai/v1alpha1',
    kind: 'Agent',
    metadata: { name },
    spec: { image: 'python:3.11-slim', ...spec },
  };
}

async function createAgent(api: ApiClient, name: string, spec: JsonMap = {}): Promise<void> {
  const path = `${AGENTS}/${name}`;
  await observed(api, path, await api.must('POST', AGENTS, agent(name, spec)));
  for (const children of CHILDREN)
    await until(`${children}/${name}`, () => found(api, `${children}/${name}`));
}

/** Resolves when the status speaks of the object as it was then. */
async function observed(api: ApiClient, path: string, { metadata }: ApiObject): Promise<void> {
  await until(`${path} is observed`, async () => {
    const { status } = await api.must('GET', path);
    const { observedGeneration = 0 } = (status ?? {}) as { observedGeneration?: number };
    return observedGeneration >= (metadata.generation as number) ? true : undefined;
  });
}

async function found(api: ApiClient, path: string): Promise<ApiObject | undefined> {
  const { status, body } = await api.send('GET', path);
  return status === 200 ? body : undefined;
}

async function condition(api: ApiClient, path: string, reason: string): Promise<void> {
  await until(`${path} says ${reason}`, async () => {
    const { status } = await api.must('GET', path);
    const { conditions = [] } = (status ?? {}) as { conditions?: readonly JsonMap[] };
    return conditions.find((one) => one.reason === reason);
  });
}
