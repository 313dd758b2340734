import { join } from 'node:path';
import { CLUSTER, createKernel, RECONCILER, startOperator } from '@rynxs/kernel';
import { median } from './result.mjs';

const silentLogger = { debug() {}, info() {}, warn() {}, error() {}, child: () => silentLogger };

const PLUGINS = ['store-file', 'cluster-kubernetes', 'dev-cluster', 'agent-sandbox'].map((name) => ({
  package: `@rynxs/${name}`,
  from: import.meta.url,
}));
const CRD = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  kind: 'CustomResourceDefinition',
  plural: 'customresourcedefinitions',
  namespaced: false,
};
const BARE_WORKERS = 16;
const TIMEOUT_MS = 60_000;

/**
 * 200 Agents from the first request until all their children exist and each status has observedGeneration: client,
 * log, operator and API server in one process, no controllers, no node. The baseline sends the same objects without an operator.
 */
export async function agents200({ directory, smoke }) {
  const count = smoke ? 20 : 200;
  const rounds = smoke ? 1 : 5;
  const operator = [];
  const bare = [];
  for (let round = 0; round < rounds; round += 1) {
    const { elapsedMs, objects } = await withOperator(join(directory, `operator-${round}`), count);
    operator.push(elapsedMs);
    bare.push(await withoutOperator(join(directory, `bare-${round}`), objects));
  }
  return [
    {
      name: 'agents-200',
      value: median(operator) / 1000,
      unit: 's',
      better: 'lower',
      bar: 1,
      baseline: { name: 'the same POSTs and status PUTs', value: median(bare) / 1000 },
      details: {
        agents: count,
        rounds,
        first: seconds(operator[0]),
        slowest: seconds(Math.max(...operator)),
      },
    },
  ];
}

async function withOperator(directory, count) {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const kernel = await startKernel(directory, signal);
  const { cluster, reconciler } = await prepare(kernel, signal);
  const operator = await startOperator(kernel, { signal });
  const caches = [reconciler.resource, ...reconciler.owns].map((resource) => cluster.cache(resource));
  await Promise.all(caches.map((cache) => cache.synced(signal)));
  const done = settled(caches, count, signal);
  const started = performance.now();
  await Promise.all(
    Array.from({ length: count }, (_, index) =>
      cluster.create(reconciler.resource, agent(index), { signal }),
    ),
  );
  await done;
  const elapsedMs = performance.now() - started;
  const objects = collect(caches);
  await operator.stop();
  await kernel.stop();
  return { elapsedMs, objects };
}

/** Resolves when every agent has its status and every cache of children holds one for each agent. */
function settled([agents, ...children], count, signal) {
  return new Promise((resolve, reject) => {
    const observed = new Set();
    const subscriptions = [];
    const check = () => {
      if (observed.size < count || children.some((cache) => cache.size < count)) return;
      for (const subscription of subscriptions) subscription[Symbol.dispose]();
      resolve();
    };
    subscriptions.push(
      agents.subscribe(({ object }) => {
        if (object.status?.observedGeneration === undefined) return;
        observed.add(object.metadata.name);
        check();
      }),
      ...children.map((cache) => cache.subscribe(check)),
    );
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

/** What exists now, by agent: the agent, its status, and its children as they were sent. */
function collect([agents, ...children]) {
  return [...agents.list()].map((agentObject) => ({
    agent: {
      resource: agents.resource,
      object: agent(agentObject.metadata.name),
      status: agentObject.status,
    },
    children: children.flatMap((cache) =>
      cache
        .ownedBy(agentObject.metadata.uid)
        .map((object) => ({ resource: cache.resource, object: fresh(object) })),
    ),
  }));
}

function fresh({ status: _, ...object }) {
  const { name, namespace, labels } = object.metadata;
  return { ...object, metadata: { name, namespace, labels } };
}

async function withoutOperator(directory, objects) {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const kernel = await startKernel(directory, signal);
  const { cluster } = await prepare(kernel, signal);
  const queue = [...objects];
  const started = performance.now();
  await Promise.all(
    Array.from({ length: BARE_WORKERS }, async () => {
      for (let next = queue.pop(); next !== undefined; next = queue.pop()) await send(cluster, next, signal);
    }),
  );
  const elapsedMs = performance.now() - started;
  await kernel.stop();
  return elapsedMs;
}

async function send(cluster, { agent: { resource, object, status }, children }, signal) {
  const created = await cluster.create(resource, object, { signal });
  await Promise.all(children.map((child) => cluster.create(child.resource, child.object, { signal })));
  await cluster.updateStatus(resource, { ...created, status }, { signal });
}

async function startKernel(directory, signal) {
  const kernel = await createKernel({
    plugins: PLUGINS,
    env: {},
    flags: {
      EVENT_STORE_TYPE: 'file',
      LEADERSHIP_TYPE: 'standalone',
      CLUSTER_TYPE: 'embedded',
      TELEMETRY_TYPE: 'none',
      LOG_DIR: join(directory, 'logs'),
      EMBEDDED_CLUSTER_PORT: '0',
      // Pods are not measured: as before an API server without a controller manager.
      EMBEDDED_CLUSTER_NODE: 'false',
      EMBEDDED_CLUSTER_CONTROLLERS: 'false',
    },
    overrides: { logger: silentLogger },
  });
  await kernel.start(signal);
  return kernel;
}

async function prepare(kernel, signal) {
  const cluster = kernel.get(CLUSTER);
  const reconcilers = kernel.getAll(RECONCILER);
  for (const { definition } of reconcilers) await cluster.create(CRD, definition, { signal });
  return { cluster, reconciler: reconcilers.find(({ resource }) => resource.kind === 'Agent') };
}

function agent(nameOrIndex) {
  return {
    apiVersion: 'universe.ai/v1alpha1',
    kind: 'Agent',
    metadata: {
      name: typeof nameOrIndex === 'number' ? `agent-${nameOrIndex}` : nameOrIndex,
      namespace: 'default',
    },
    spec: { role: 'sandbox', image: 'python:3.11-slim' },
  };
}

function seconds(ms) {
  return Number((ms / 1000).toFixed(3));
}
