import { zstdDecompressSync } from 'node:zlib';
import agentSandbox, { AGENT } from '@rynxs/agent-sandbox';
import {
  ClusterError,
  EVENT_STORE,
  type KubernetesObject,
  type Operator,
  type ResourceType,
  startOperator,
} from '@rynxs/kernel';
import {
  given,
  MemoryStorage,
  memoryEventStore,
  startTestKernel,
  type TestKernel,
} from '@rynxs/kernel/testing';
import { expect } from 'chai';

const DEPLOYMENT: ResourceType = {
  group: 'apps',
  version: 'v1',
  kind: 'Deployment',
  plural: 'deployments',
  namespaced: true,
};
const { signal } = new AbortController();
const options = { signal };
const namespace = 'default';

/** Every secret contains it, so that one search finds them all, also in parts. */
const MARK = 'hunter2';

/** An Agent with secrets wherever one can be put, by mistake or not. */
function leakyAgent(name: string, spec: Readonly<Record<string, unknown>>): KubernetesObject {
  return {
    apiVersion: 'universe.ai/v1alpha1',
    kind: 'Agent',
    metadata: {
      name,
      namespace,
      annotations: {
        note: `password ${MARK}-in-an-annotation`,
        'kubectl.kubernetes.io/last-applied-configuration': `{"spec":{"env":[{"value":"${MARK}-applied"}]}}`,
      },
      labels: { token: `${MARK}-in-a-label` },
    },
    spec: { role: 'sandbox', image: 'python:3.11-slim', ...spec },
  };
}

const LEAKY = {
  'env-by-name': { env: [{ name: 'API_KEY', value: `${MARK}-by-name` }] },
  'env-by-looks': { env: [{ name: 'DB_URL', value: `postgres://app:${MARK}-by-looks@db/app` }] },
  args: { command: ['sh', '-c', `psql postgres://app:${MARK}-in-a-command@db/app`] },
  unknown: {
    password: `${MARK}-in-an-unknown-field`,
    env: [{ name: 'A', valueFrom: { vault: `${MARK}-vault` } }],
  },
  'by-reference': {
    env: [{ name: 'API_KEY', valueFrom: { secretKeyRef: { name: 'keys', key: 'api' } } }],
  },
} as const;

describe('no secret enters the log', () => {
  let kernel: TestKernel;
  let storage: MemoryStorage;
  let operator: Operator;

  beforeEach(async () => {
    storage = new MemoryStorage();
    kernel = await startTestKernel({
      plugins: [agentSandbox],
      services: [given(EVENT_STORE, memoryEventStore(storage))],
    });
    operator = await startOperator(kernel, options);
    kernel.leadership.grant();
  });

  afterEach(async () => {
    await operator.stop();
    await kernel.stop();
  });

  async function recorded(type: string, name: string): Promise<void> {
    const id = `agents/${namespace}/${name}`;
    const isThere = () =>
      storage.commits.some(({ bytes }) =>
        bytes
          .toString('utf8')
          .split('\n')
          .some((line) => line.includes(`"aggregate_id":"${id}"`) && line.includes(`"type":"${type}"`)),
      );
    while (!isThere()) await new Promise((resolve) => setImmediate(resolve));
  }

  /** Everything that was stored, snapshots unpacked. */
  function stored(): string {
    const objects = [...storage.objects].map(([name, bytes]) =>
      name.includes('/state-') ? zstdDecompressSync(bytes) : bytes,
    );
    return Buffer.concat([...storage.commits.map(({ bytes }) => bytes), ...objects]).toString('utf8');
  }

  it('from an Agent that is full of them', async () => {
    for (const [name, spec] of Object.entries(LEAKY))
      await kernel.cluster.create(AGENT, leakyAgent(name, spec), options);
    for (const name of Object.keys(LEAKY)) await recorded('AgentObserved', name);
    await recorded('ActionApplied', 'by-reference');
    await operator.stop();
    expect(stored()).to.contain('"agents/default/env-by-name"').and.not.contain(MARK);
  });

  it('from what an API server quotes when it refuses', async () => {
    kernel.cluster.fault = ({ verb, plural }) => {
      if (verb !== 'create' || plural !== 'deployments') return;
      const message = `spec.env[0].value: Invalid value: "${MARK}-quoted": must be shorter`;
      throw new ClusterError('invalid', message, 422);
    };
    const spec = { env: [{ name: 'GREETING', value: `${MARK}-quoted` }] };
    // A value that nothing shows to be a secret is part of the recorded spec; the failure must not add to it.
    await kernel.cluster.create(AGENT, leakyAgent('refused', spec), options);
    await recorded('ActionFailed', 'refused');
    await operator.stop();
    const failures = stored()
      .split('\n')
      .filter((line) => line.includes('"type":"ActionFailed"'));
    expect(failures.join()).to.contain('Invalid value').and.not.contain(MARK);
  });

  it('from what somebody put into a child', async () => {
    await kernel.cluster.create(AGENT, leakyAgent('drifting', LEAKY['by-reference']), options);
    await recorded('ActionApplied', 'drifting');
    const key = { namespace, name: 'drifting' };
    const isMade = async () => (await kernel.cluster.list(DEPLOYMENT, options)).length === 1;
    while (!(await isMade())) await new Promise((resolve) => setImmediate(resolve));
    const live = await kernel.cluster.get(DEPLOYMENT, key, options);
    const altered = JSON.parse(
      JSON.stringify(live).replace('"secretKeyRef"', `"${MARK}"`),
    ) as KubernetesObject;
    await kernel.cluster.update(DEPLOYMENT, altered, options);
    await recorded('DriftObserved', 'drifting');
    await operator.stop();
    expect(stored()).to.contain('"DriftObserved"').and.not.contain(MARK);
  });
});
