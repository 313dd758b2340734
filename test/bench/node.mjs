import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { corednsProgram, kubernetesProgram } from '../../scripts/lib/kubernetes-program.mjs';
import { SHELL_IMAGE } from '../dist/cluster/real-cluster/node/images.js';
import { RealCluster } from '../dist/cluster/real-cluster.js';
import { named } from './named.mjs';
import { ObjectWatch } from './object-watch.mjs';
import { startLeastController, startOperatorProcess } from './operator-process.mjs';
import { median } from './result.mjs';
import { signingKey } from './signing-key.mjs';
import { keepTrack } from './underway.mjs';

const NAMESPACE = 'bench';
const IN_NAMESPACE = `namespaces/${NAMESPACE}`;
const AGENTS = `/apis/universe.ai/v1alpha1/${IN_NAMESPACE}/agents`;
const DEPLOYMENTS = `/apis/apps/v1/${IN_NAMESPACE}/deployments`;
const PODS = `/api/v1/${IN_NAMESPACE}/pods`;
const CHILDREN = [
  `/api/v1/${IN_NAMESPACE}/configmaps`,
  `/api/v1/${IN_NAMESPACE}/persistentvolumeclaims`,
  `/apis/networking.k8s.io/v1/${IN_NAMESPACE}/networkpolicies`,
  DEPLOYMENTS,
];
const TIMEOUT_MS = 240_000;

/**
 * Agents on a real node, from the request until they are Ready, against the same four objects created together by hand
 * until the Deployment is available: one at a time, taking turns, and many at once. Then suspend and resume. What the
 * operator takes of the CPU stands beside what the least controller takes (least-controller.mjs).
 */
export async function node({ directory, smoke, rounds = smoke ? 1 : 5, many = smoke ? 2 : 50 }) {
  process.env.RYNXS_TEST_KUBERNETES ??= kubernetesProgram();
  process.env.RYNXS_TEST_COREDNS ??= corednsProgram();
  await using cluster = keepTrack(await RealCluster.start({ node: true, crds: true }));
  await cluster.node.addVolumes(2 * rounds + 5 * many);
  const metadata = { name: NAMESPACE, labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } };
  await cluster.api.must('POST', '/api/v1/namespaces', { metadata });
  const home = join(directory, 'node');
  const key = await signingKey(home);
  await using operator = keepTrack(
    await startOperatorProcess({ directory: home, kubeconfig: cluster.kubeconfig, signingKey: key }),
  );
  await using agents = await ObjectWatch.start(cluster, AGENTS, has('Ready'));
  await using suspended = await ObjectWatch.start(cluster, AGENTS, has('Suspended'));
  await using deployments = await ObjectWatch.start(cluster, DEPLOYMENTS, has('Available'));
  const watches = { agents, suspended, deployments };

  await byOperator(cluster, watches, ['first']);
  const children = await childrenOf(cluster.api, 'first');
  const { status } = await cluster.api.must('GET', `${AGENTS}/first`);
  const pauses = await suspendAndResume(cluster, watches, 'first', rounds);
  await remove(cluster);
  const one = { operator: [], hand: [] };
  for (let round = 0; round < rounds; round += 1) {
    one.hand.push(await byHand(cluster, watches, [`hand-${round}`], children));
    await remove(cluster);
    one.operator.push(await byOperator(cluster, watches, [`agent-${round}`]));
    await remove(cluster);
  }
  const names = (what) => Array.from({ length: many }, (_, index) => `${what}-${index}`);
  const manyByHand = await byHand(cluster, watches, names('hand'), children);
  await remove(cluster);
  const { elapsedMs: manyByOperator, cpuMs: firstCpuMs } = await withCpu(operator, () =>
    byOperator(cluster, watches, names('agent')),
  );
  await remove(cluster);
  const { cpuMs } = await withCpu(operator, () => byOperator(cluster, watches, names('later')));
  await remove(cluster);
  await operator.stop();
  const least = await leastCpu(cluster, watches, { directory: home, children, status, many });

  const hand = median(one.hand);
  const seconds = { unit: 's', better: 'lower' };
  const inHand = (value) => ({ name: 'the same four objects by hand', value: value / 1000 });
  return [
    {
      name: 'node-ready',
      ...seconds,
      value: median(one.operator) / 1000,
      bar: (1.05 * hand) / 1000,
      baseline: inHand(hand),
      details: { rounds },
    },
    {
      name: 'node-ready-many',
      ...seconds,
      value: manyByOperator / 1000,
      bar: (1.05 * manyByHand) / 1000,
      baseline: inHand(manyByHand),
      details: { agents: many },
    },
    {
      name: 'node-cpu',
      unit: 'ms per Agent',
      better: 'lower',
      value: cpuMs / many,
      bar: 10,
      baseline: { name: 'agent-sandbox, per Sandbox, on another machine', value: 8 },
      least: least.cpuMs / many,
      details: { agents: many, firstMs: firstCpuMs / many, leastFirstMs: least.firstCpuMs / many },
    },
    ...['suspend', 'resume'].map((what) => ({
      name: `node-${what}`,
      ...seconds,
      value: median(pauses[what]) / 1000,
      bar: 1,
      baseline: { name: 'apply to Ready', value: median(one.operator) / 1000 },
      details: { rounds },
    })),
  ];
}

/** What the least controller takes of the CPU for as many, the first time and once more, as the operator did. */
async function leastCpu(cluster, watches, { directory, children, status, many }) {
  const work = {
    kubeconfig: cluster.kubeconfig,
    agents: AGENTS,
    name: 'first',
    children,
    status: { observedGeneration: 1 },
    ready: { path: DEPLOYMENTS, status },
    watched: [PODS],
  };
  await using controller = keepTrack(await startLeastController({ directory, work }));
  const cpuOf = async (what) => {
    const agents = Array.from({ length: many }, (_, index) => `${what}-${index}`);
    const { cpuMs } = await withCpu(controller, () => byOperator(cluster, watches, agents));
    await remove(cluster);
    return cpuMs;
  };
  const firstCpuMs = await cpuOf('least');
  return { firstCpuMs, cpuMs: await cpuOf('last') };
}

/** What a controller takes for `work`, until it is idle again. */
async function withCpu(controller, work) {
  await controller.idle();
  const before = controller.cpuMs();
  const elapsedMs = await work();
  return { elapsedMs, cpuMs: controller.cpuMs() - before };
}

function has(condition) {
  return ({ status }) =>
    status?.conditions?.some(({ type, status }) => type === condition && status === 'True') === true;
}

async function byOperator(cluster, { agents }, names) {
  return timed(agents, names.length, () =>
    Promise.all(names.map((name) => cluster.api.must('POST', AGENTS, agent(name)))),
  );
}

/** All objects of an Agent at once, as a user with four manifests would. */
async function byHand(cluster, { deployments }, names, children) {
  return timed(deployments, names.length, () =>
    Promise.all(
      names.flatMap((name) =>
        children.map(([path, child]) => cluster.api.must('POST', path, named(child, 'first', name))),
      ),
    ),
  );
}

async function suspendAndResume(cluster, { agents, suspended }, name, rounds) {
  const to = (state) => cluster.api.must('PATCH', `${AGENTS}/${name}`, { spec: { lifecycle: { state } } });
  const pauses = { suspend: [], resume: [] };
  for (let round = 0; round < rounds; round += 1) {
    // The kubelet looks after its containers once a second: rounds begin at different times of that second.
    await delay(2_000 + 170 * round);
    pauses.suspend.push(await timed(suspended, 1, () => to('Suspended')));
    await none(cluster.api, PODS);
    await delay(2_000 + 170 * round);
    pauses.resume.push(await timed(agents, 1, () => to('Running')));
  }
  return pauses;
}

/** The time from the first request of `load` until so many objects match, in ms. */
async function timed(watch, count, load) {
  const started = performance.now();
  const reached = watch.matching(count, AbortSignal.timeout(TIMEOUT_MS));
  await Promise.all([load(), reached]);
  return (await reached) - started;
}

function agent(name) {
  return {
    apiVersion: 'universe.ai/v1alpha1',
    kind: 'Agent',
    metadata: { name, namespace: NAMESPACE },
    spec: { role: 'sandbox', image: SHELL_IMAGE },
  };
}

async function childrenOf(api, name) {
  return Promise.all(
    CHILDREN.map(async (path) => {
      const { status: _, ...child } = await api.must('GET', `${path}/${name}`);
      const { volumeName: _volume, ...spec } = child.spec ?? {};
      // Without what others have noted of it, such as the volume that a claim is bound to.
      const metadata = { name, namespace: NAMESPACE, labels: child.metadata.labels };
      return [path, { ...child, metadata, ...(child.spec === undefined ? {} : { spec }) }];
    }),
  );
}

/** Leaves the node as it was. */
async function remove({ api }) {
  for (const path of [AGENTS, ...CHILDREN]) await api.must('DELETE', path);
  for (const path of [AGENTS, PODS, ...CHILDREN.slice(1)]) await none(api, path);
}

async function none(api, path) {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  for (;;) {
    const { items } = await api.must('GET', path);
    if (items.length === 0) return;
    await delay(50, undefined, { signal });
  }
}
