import { join } from 'node:path';
import { kubernetesProgram } from '../../scripts/lib/kubernetes-program.mjs';
import { RealCluster } from '../dist/cluster/real-cluster.js';
import { ObjectWatch } from './object-watch.mjs';
import { startLeastController, startOperatorProcess } from './operator-process.mjs';
import { median } from './result.mjs';
import { signingKey } from './signing-key.mjs';
import { keepTrack } from './underway.mjs';

const NAMESPACE = 'bench';
const OPERATOR = { user: 'rynxs-operator', groups: ['system:masters'] };
const LOAD_WORKERS = 16;
const TIMEOUT_MS = 300_000;
const AGENTS = `/apis/universe.ai/v1alpha1/namespaces/${NAMESPACE}/agents`;
const CHILDREN = {
  configmaps: `/api/v1/namespaces/${NAMESPACE}/configmaps`,
  persistentvolumeclaims: `/api/v1/namespaces/${NAMESPACE}/persistentvolumeclaims`,
  networkpolicies: `/apis/networking.k8s.io/v1/namespaces/${NAMESPACE}/networkpolicies`,
  deployments: `/apis/apps/v1/namespaces/${NAMESPACE}/deployments`,
};
const WRITES = new Set(['create', 'update', 'patch', 'delete']);

/**
 * Agents on a real kube-apiserver, without a node, until all their children exist and each status has observedGeneration:
 * the operator as its own process, with its signed log, against a bare loop that sends the same objects, and beside the
 * least controller that there can be (least-controller.mjs), as which no operator in Node.js is faster. Each round has
 * a cluster of its own. Then both restart on what they made.
 */
export async function engine({ directory, smoke, agents = smoke ? 50 : 1_000 }) {
  const rounds = smoke ? 1 : agents > 1_000 ? 1 : 3;
  process.env.RYNXS_TEST_KUBERNETES ??= kubernetesProgram();
  const operator = [];
  const bare = [];
  const least = [];
  for (let round = 0; round < rounds; round += 1) {
    const made = await withCluster((cluster) =>
      operatorRound(cluster, join(directory, `operator-${round}`), agents),
    );
    operator.push(made);
    bare.push(await withCluster((cluster) => bareRound(cluster, made.objects)));
    least.push(
      await withCluster((cluster) =>
        leastRound(cluster, join(directory, `least-${round}`), agents, made.objects[0]),
      ),
    );
  }
  return results({ operator, bare, least }, agents, rounds);
}

function results({ operator, bare, least }, agents, rounds) {
  const of = (values, field) => median(values.map((value) => value[field]));
  const scale = agents / 1_000;
  const details = { agents, rounds };
  const bareSeconds = of(bare, 'elapsedMs') / 1000;
  const bareCpu = { name: 'CPU of the bare loop', value: of(bare, 'cpuMs') / 1000 };
  const common = { better: 'lower', unit: 's' };
  const leastSeconds = (field) => of(least, field) / 1000;
  return [
    {
      name: 'engine',
      ...common,
      value: of(operator, 'elapsedMs') / 1000,
      bar: 1.15 * bareSeconds,
      baseline: { name: 'the same POSTs and status writes', value: bareSeconds },
      least: leastSeconds('elapsedMs'),
      details: { ...details, connections: of(operator, 'connections') },
    },
    {
      name: 'engine-cpu',
      ...common,
      value: of(operator, 'cpuMs') / 1000,
      bar: 1.5 * scale,
      baseline: bareCpu,
      least: leastSeconds('cpuMs'),
      details,
    },
    {
      name: 'engine-restart',
      ...common,
      value: of(operator, 'restartMs') / 1000,
      bar: 0.7 * scale,
      baseline: { name: 'first start, to Ready', value: of(operator, 'startMs') / 1000 },
      least: leastSeconds('restartMs'),
      details: { ...details, writes: of(operator, 'restartWrites') },
    },
    {
      name: 'engine-writes',
      better: 'lower',
      unit: 'writes per Agent',
      value: of(operator, 'writes') / agents,
      bar: 7,
      baseline: { name: 'children and one status', value: 5 },
      details,
    },
    {
      name: 'engine-memory',
      better: 'lower',
      unit: 'MB',
      value: of(operator, 'residentMb'),
      bar: agents > 1_000 ? 300 : 150,
      baseline: { name: 'before the first Agent', value: of(operator, 'residentBeforeMb') },
      details: { ...details, anonymousMb: of(operator, 'anonymousMb') },
    },
  ];
}

async function withCluster(measure) {
  await using cluster = keepTrack(await RealCluster.start({ crds: true }));
  await cluster.api.must('POST', '/api/v1/namespaces', { metadata: { name: NAMESPACE } });
  return await measure(cluster);
}

async function operatorRound(cluster, directory, agents) {
  const options = {
    directory,
    kubeconfig: await cluster.kubeconfigFor(OPERATOR),
    signingKey: await signingKey(directory),
  };
  const measured = await controllerRound(cluster, agents, () => startOperatorProcess(options));
  return { ...measured, objects: await objectsOf(cluster.api) };
}

async function leastRound(cluster, directory, agents, { agent, status, children }) {
  const kubeconfig = await cluster.kubeconfigFor(OPERATOR);
  const work = { kubeconfig, agents: AGENTS, name: agent.metadata.name, children, status };
  return await controllerRound(cluster, agents, () => startLeastController({ directory, work }));
}

/** What a controller takes for so many new Agents, and for its start when they are there. */
async function controllerRound(cluster, agents, start) {
  await using first = keepTrack(await start());
  const residentBeforeMb = first.residentMb();
  const place = await cluster.audit.end();
  const cpuBefore = first.cpuMs();
  const elapsedMs = await untilObserved(cluster, agents, () =>
    inParallel(agents, (index) => cluster.api.must('POST', AGENTS, agent(index))),
  );
  const connections = first.connectionsTo(cluster.server);
  await first.idle();
  const cpuMs = first.cpuMs() - cpuBefore;
  const residentMb = first.residentMb();
  const anonymousMb = first.anonymousMb();
  const writes = writesOf(await cluster.audit.since(place)).length;
  await assertChildren(cluster.api, agents);
  await first.stop();

  const restartPlace = await cluster.audit.end();
  const restartedAt = Date.now();
  await using second = keepTrack(await start());
  const idleAt = await second.idle();
  // The watches of the first process are on record when they end.
  const requests = ofOperator(await cluster.audit.since(restartPlace)).filter(
    ({ requestReceivedTimestamp }) => Date.parse(requestReceivedTimestamp) >= restartedAt,
  );
  const connectedAt = Math.min(
    ...requests.map(({ requestReceivedTimestamp }) => Date.parse(requestReceivedTimestamp)),
  );
  await second.stop();
  return {
    elapsedMs,
    cpuMs,
    connections,
    writes,
    residentBeforeMb,
    residentMb,
    anonymousMb,
    startMs: first.startMs,
    restartMs: idleAt - connectedAt,
    restartWrites: writesOf(requests).length,
  };
}

async function bareRound(cluster, objects) {
  const before = process.cpuUsage();
  const elapsedMs = await untilObserved(cluster, objects.length, () =>
    inParallel(objects.length, (index) => send(cluster.api, objects[index])),
  );
  const { user, system } = process.cpuUsage(before);
  return { elapsedMs, cpuMs: (user + system) / 1000 };
}

async function send(api, { agent: wanted, status, children }) {
  const { metadata } = await api.must('POST', AGENTS, wanted);
  for (const [path, child] of children) {
    const [owner] = child.metadata.ownerReferences;
    const ownerReferences = [{ ...owner, uid: metadata.uid }];
    await api.must('POST', path, { ...child, metadata: { ...child.metadata, ownerReferences } });
  }
  await api.must('PATCH', `${AGENTS}/${metadata.name}/status`, { status });
}

/** The time from the first request of `load` until every Agent's status says that it was observed, in ms. */
async function untilObserved(cluster, agents, load) {
  await using watch = await ObjectWatch.start(cluster, AGENTS, isObserved);
  const started = performance.now();
  const observed = watch.matching(agents, AbortSignal.timeout(TIMEOUT_MS));
  await Promise.all([load(), observed]);
  return (await observed) - started;
}

function isObserved({ status }) {
  return status?.observedGeneration !== undefined;
}

async function inParallel(count, action) {
  let next = 0;
  const worker = async () => {
    while (next < count) await action(next++);
  };
  await Promise.all(Array.from({ length: LOAD_WORKERS }, worker));
}

function ofOperator(requests) {
  return requests.filter(({ user }) => user.username === OPERATOR.user);
}

/** What the operator wrote for its objects: the anchor of its log is written whatever they do. */
function writesOf(requests) {
  return ofOperator(requests).filter(
    ({ verb, objectRef }) => WRITES.has(verb) && objectRef?.namespace === NAMESPACE,
  );
}

async function assertChildren(api, agents) {
  for (const [kind, path] of Object.entries(CHILDREN)) {
    const { items, metadata } = await api.must(
      'GET',
      `${path}?limit=1&labelSelector=app.kubernetes.io/instance`,
    );
    const { items: all } = metadata.continue === undefined ? { items } : await api.must('GET', path);
    const owned = all.filter((object) => object.metadata.ownerReferences?.[0]?.kind === 'Agent');
    if (owned.length !== agents) throw new Error(`${owned.length} ${kind} for ${agents} Agents`);
  }
}

/** What exists now, by agent, as it would be sent. */
async function objectsOf(api) {
  const byName = new Map();
  const { items } = await api.must('GET', AGENTS);
  for (const { metadata, status } of items) {
    byName.set(metadata.name, { agent: agent(metadata.name), status, children: [] });
  }
  for (const path of Object.values(CHILDREN)) {
    const { items: children } = await api.must('GET', path);
    for (const child of children) byName.get(child.metadata.name)?.children.push([path, fresh(child)]);
  }
  return [...byName.values()];
}

function fresh({ status: _, ...object }) {
  const { name, namespace, labels, annotations, ownerReferences } = object.metadata;
  return { ...object, metadata: { name, namespace, labels, annotations, ownerReferences } };
}

function agent(nameOrIndex) {
  const name = typeof nameOrIndex === 'number' ? `agent-${nameOrIndex}` : nameOrIndex;
  return {
    apiVersion: 'universe.ai/v1alpha1',
    kind: 'Agent',
    metadata: { name, namespace: NAMESPACE },
    spec: { role: 'sandbox', image: 'python:3.11-slim' },
  };
}
