import { MemoryStorage } from '@rynxs/kernel/testing';
import type { JsonMap } from '@rynxs/log';
import { expect } from 'chai';
import { LocalOperator, until } from './local-operator.js';
import { SHELL_IMAGE } from './real-cluster/node/images.js';
import { type ApiObject, RealCluster } from './real-cluster.js';

const NAMESPACE = 'agents-on-a-node';
const AGENTS = `/apis/universe.ai/v1alpha1/namespaces/${NAMESPACE}/agents`;
const PODS = `/api/v1/namespaces/${NAMESPACE}/pods`;

/** A program that ends at once on SIGTERM. */
const program = (work: string) => ['/bin/sh', '-c', `trap 'exit 0' TERM; ${work}; while :; do sleep 1; done`];

describe('what only a real node says of an agent', function () {
  this.timeout(180_000);
  let cluster: RealCluster;
  let operator: LocalOperator;

  before(async () => {
    cluster = await RealCluster.start({ node: true, crds: true });
    await cluster.api.must('POST', '/api/v1/namespaces', {
      metadata: { name: NAMESPACE, labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } },
    });
    operator = await LocalOperator.start(cluster.kubeconfig, new MemoryStorage(), NAMESPACE);
  });
  after(async () => {
    await operator?.stop();
    await cluster?.[Symbol.asyncDispose]();
  });

  const create = (name: string, spec: JsonMap) =>
    cluster.api.must('POST', AGENTS, {
      apiVersion: 'universe.ai/v1alpha1',
      kind: 'Agent',
      metadata: { name },
      spec: { image: SHELL_IMAGE, ...spec },
    });
  const remove = async (name: string) => {
    await cluster.api.must('DELETE', `${AGENTS}/${name}`);
    await until(`${name} has no pod`, async () => ((await podsOf(name)).length === 0 ? true : undefined));
  };
  const podsOf = async (name: string) => {
    const path = `${PODS}?labelSelector=universe.ai/agent%3D${name}`;
    return (await cluster.api.must<{ items: readonly ApiObject[] }>('GET', path)).items;
  };
  const statusOf = async (name: string) =>
    ((await cluster.api.must('GET', `${AGENTS}/${name}`)).status ?? {}) as JsonMap;
  const conditionOf = (name: string, type: string, status: string) =>
    until(`${type} of ${name} is ${status}`, async () => {
      const { conditions = [] } = (await statusOf(name)) as { conditions?: readonly JsonMap[] };
      return conditions.find((one) => one.type === type && one.status === status);
    });
  const containments = () =>
    operator.events
      .filter(({ type }) => type === 'ContainmentObserved')
      .map(({ payload }) => payload.fact as JsonMap & { containers: readonly JsonMap[] });

  it('which image it has pulled, by its digest', async () => {
    await create('contained', {});
    await conditionOf('contained', 'Contained', 'True');
    const { imageID, networkPolicies } = (await statusOf('contained')).containment as JsonMap;
    expect(imageID).to.match(/sha256:[0-9a-f]{64}$/);
    expect(networkPolicies).to.deep.equal(['contained']);
    const [fact] = containments();
    expect(fact?.containers).to.have.lengthOf(1);
    expect(fact?.containers[0]).to.include({ image: SHELL_IMAGE, imageID });
    expect(fact?.network).to.deep.include({ ingress: [], egress: [] });
  });

  it('that a container was attached for debugging', async () => {
    const [pod] = await podsOf('contained');
    const debuggers = [
      {
        name: 'debugger',
        image: SHELL_IMAGE,
        command: program(':'),
        securityContext: {
          allowPrivilegeEscalation: false,
          capabilities: { drop: ['ALL'] },
          readOnlyRootFilesystem: true,
        },
      },
    ];
    const path = `${PODS}/${pod?.metadata.name}/ephemeralcontainers`;
    const patch = { spec: { ephemeralContainers: debuggers } };
    await cluster.api.must('PATCH', path, patch, 'application/strategic-merge-patch+json');
    const { message } = await conditionOf('contained', 'Contained', 'False');
    expect(message).to.equal('an ephemeral container debugger runs in the pod');
    const kinds = containments()
      .at(-1)
      ?.containers.map(({ kind, name }) => `${kind} ${name}`);
    expect(kinds).to.deep.equal(['container agent', 'ephemeral debugger']);
    await remove('contained');
  });

  it('that it crashes, and how it ended', async () => {
    await create('crashing', { role: 'service', command: ['/bin/sh', '-c', 'exit 3'] });
    const { reason, message } = await conditionOf('crashing', 'Degraded', 'True');
    expect(reason).to.equal('CrashLoopBackOff');
    expect(message).to.contain('last exit code 3');
    await remove('crashing');
  });

  it('that there is no such program', async () => {
    await create('empty', { command: ['/bin/nothing'] });
    const { message } = await conditionOf('empty', 'Degraded', 'True');
    // In these words it would tell of a missing /bin/sh, too, which the condition ShellMissing is known by.
    expect(message).to.contain('"/bin/nothing": stat /bin/nothing: no such file or directory');
    await remove('empty');
  });

  it('that it lacks a seccomp profile, rather than to run without', async () => {
    await create('guarded', { isolation: { seccompProfile: 'profiles/none.json' } });
    const { message } = await conditionOf('guarded', 'Degraded', 'True');
    expect(message).to.contain('profiles/none.json');
    expect(await statusOf('guarded')).not.to.have.property('containment');
    await remove('guarded');
  });

  it('nothing else of a workspace that was retained and is given to the next', async () => {
    const workspace = { retain: 'Retain' };
    await create('keeper', { command: program('echo kept > /workspace/file'), workspace });
    await conditionOf('keeper', 'Contained', 'True');
    await remove('keeper');
    const isKept = 'test "$(cat /workspace/file)" = kept || exit 4';
    await create('keeper', { command: program(isKept), workspace: { existingClaim: 'keeper' } });
    await conditionOf('keeper', 'Contained', 'True');
    const [pod] = await podsOf('keeper');
    const { containerStatuses = [] } = (pod?.status ?? {}) as { containerStatuses?: readonly JsonMap[] };
    expect(containerStatuses[0]).to.include({ ready: true, restartCount: 0 });
  });
});
