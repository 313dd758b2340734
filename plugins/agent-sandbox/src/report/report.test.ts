import type { KubernetesObject, LiveView } from '@rynxs/kernel';
import type { JsonMap } from '@rynxs/log';
import { expect } from 'chai';
import { DEPLOYMENT, NETWORK_POLICY, POD } from '../manifests/resource-types.js';
import type { AgentState } from '../state.js';
import { agent, event, observe, reconciler, settled } from '../testing/agent.js';
import { admittedPod, podMetadata } from '../testing/pods.js';

const image = 'python:3.11-slim';
const now = '2026-01-01T00:05:00Z';
const by = reconciler();

interface Surroundings {
  readonly deployment?: JsonMap;
  readonly pods?: readonly KubernetesObject[];
  readonly status?: JsonMap;
  readonly surroundings?: LiveView['surroundings'];
  readonly contested?: readonly string[];
  readonly at?: string;
}

const CURRENT: JsonMap = { observedGeneration: 2, updatedReplicas: 1 };

function report(
  state: AgentState,
  { deployment = CURRENT, pods = [], status, surroundings = [], contested = [], at = now }: Surroundings = {},
) {
  const object = { ...agent({ image }), ...(status === undefined ? {} : { status }) };
  const live: KubernetesObject = {
    metadata: { name: 'my-agent', namespace: 'default', generation: 2 },
    status: deployment,
  };
  const { status: written, health } = by.report(state, {
    object,
    children: [
      { resource: DEPLOYMENT, object: live },
      ...pods.map((pod) => ({ resource: POD, object: pod })),
    ],
    surroundings,
    lastEvent: { seq: 7, hash: 'abc' },
    contested,
    now: at,
  });
  if (health === undefined) throw new Error('an Agent always has a health');
  return { status: written, health };
}

function pod(status: JsonMap, metadata: Partial<KubernetesObject['metadata']> = {}): KubernetesObject {
  return { metadata: { ...podMetadata(), ...metadata }, status };
}

const READY = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] };

function waiting(reason: string, message = '', lastState: JsonMap = {}): KubernetesObject {
  const state = { waiting: { reason, ...(message === '' ? {} : { message }) } };
  return pod({ phase: 'Pending', containerStatuses: [{ ready: false, state, lastState }] });
}

function condition(status: JsonMap, type: string): JsonMap | undefined {
  return (status.conditions as readonly JsonMap[]).find((one) => one.type === type);
}

describe('the status of an Agent', () => {
  it('is Running and Ready when its pod is', () => {
    const state = settled({ image, lifecycle: { ttl: '8h' } });
    const { status, health } = report(state, {
      pods: [admittedPod(state.computer!)],
      surroundings: by.manifests(state).filter(({ resource }) => resource === NETWORK_POLICY),
    });
    const common = { observedGeneration: 1, lastTransitionTime: now };
    expect(status).to.deep.equal({
      observedGeneration: 1,
      phase: 'Running',
      conditions: [
        {
          ...common,
          type: 'Ready',
          status: 'True',
          reason: 'ComputerReady',
          message: 'running in pod my-agent-1',
        },
        { ...common, type: 'Progressing', status: 'False', reason: 'Settled', message: '' },
        { ...common, type: 'Degraded', status: 'False', reason: 'AsExpected', message: '' },
        { ...common, type: 'Suspended', status: 'False', reason: 'Running', message: '' },
        { ...common, type: 'Contained', status: 'True', reason: 'AsDeclared', message: 'as the Agent asks' },
      ],
      containment: {
        imageID: 'registry/python@sha256:1',
        serviceAccountToken: false,
        networkPolicies: ['my-agent'],
      },
      podName: 'my-agent-1',
      workspace: { claimName: 'my-agent', size: '1Gi' },
      expiresAt: '2026-01-01T08:00:00Z',
      lastEvent: { seq: 7, hash: 'abc' },
    });
    expect(health).to.deep.equal({
      state: 'ready',
      reason: 'ComputerReady',
      message: 'running in pod my-agent-1',
    });
  });

  it('does not take the pod of somebody else for its own, whatever its labels say', () => {
    const { labels } = podMetadata();
    const state = settled({ image });
    for (const ownerReferences of [
      [],
      [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'other-5d4f', uid: 'x', controller: true }],
      [{ apiVersion: 'v1', kind: 'Node', name: 'my-agent-5d4f', uid: 'x', controller: true }],
    ]) {
      const foreign = pod(READY, { labels: labels ?? {}, ownerReferences });
      expect(report(state, { pods: [foreign] }).status).not.to.have.property('podName');
    }
  });

  it('says in what the computer is contained less than the Agent asks', () => {
    const state = settled({ image });
    const open: KubernetesObject = {
      metadata: { name: 'open', namespace: 'default', uid: 'open-uid' },
      spec: { podSelector: {}, policyTypes: ['Egress'], egress: [{}] },
    };
    const { status } = report(state, {
      pods: [admittedPod(state.computer!)],
      surroundings: [
        ...by.manifests(state).filter(({ resource }) => resource === NETWORK_POLICY),
        { resource: NETWORK_POLICY, object: open },
      ],
    });
    expect(condition(status, 'Contained')).to.include({
      status: 'False',
      reason: 'Widened',
      message: 'NetworkPolicy open has egress rules that the Agent does not have',
    });
    expect(status.containment).to.deep.include({ networkPolicies: ['my-agent', 'open'] });
  });

  it('wants ten minutes without a crash before it is ready for the record', () => {
    const state = settled({ image });
    const crashed = (finishedAt: string) =>
      admittedPod(state.computer!, {
        containerStatuses: [
          { name: 'agent', restartCount: 1, lastState: { terminated: { exitCode: 1, finishedAt } } },
        ],
      });
    expect(report(state, { pods: [crashed('2026-01-01T00:04:00Z')] }).health.stableMs).to.equal(600_000);
    const { health } = report(state, { pods: [crashed('2026-01-01T00:04:00Z')], at: '2026-01-01T00:14:00Z' });
    expect(health).not.to.have.property('stableMs');
  });

  it('says what to do about a claim of its name that belongs to somebody else', () => {
    const state = settled({ image });
    const failure = { digest: null, reason: 'NotOwned', message: 'it was left alone.', permanent: false };
    const children = { ...state.children, 'PersistentVolumeClaim/my-agent': { failure } };
    expect(report({ ...state, children }).health).to.deep.equal({
      state: 'degraded',
      reason: 'NotOwned',
      message:
        'PersistentVolumeClaim/my-agent: it was left alone. To work in it, make the Agent again with spec.workspace.existingClaim: my-agent.',
    });
  });

  it('says what a claim lacks that it was given, and nothing of it while it is not to run', () => {
    const workspace = { existingClaim: 'data' };
    expect(report(settled({ image, workspace })).health).to.deep.equal({
      state: 'degraded',
      reason: 'WorkspaceClaimMissing',
      message:
        'PersistentVolumeClaim data is not offered to this Agent: it must exist in namespace default and carry the label universe.ai/agent=my-agent',
    });
    const suspended = settled({ image, workspace, lifecycle: { state: 'Suspended' } });
    expect(report(suspended).health).to.include({ state: 'suspended' });
    expect(report(settled({ image })).status.workspace).to.deep.equal({ claimName: 'my-agent', size: '1Gi' });
    expect(report(suspended).status.workspace).to.deep.equal({ claimName: 'data' });
  });

  it('never has a reason that an API server would not take', () => {
    for (const [reason, written] of [
      ['Evicted', 'Evicted'],
      ['no such runtime!', 'Unknown'],
      ['', 'Unknown'],
    ]) {
      const failed = pod({ phase: 'Failed', reason: reason ?? '', message: 'why' });
      expect(report(settled({ image }), { pods: [failed] }).health).to.include({ reason: written });
    }
  });

  it('is the same through all the steps of a pod that starts as it should', () => {
    const state = settled({ image });
    const steps = [
      report(state),
      report(state, { pods: [pod({ phase: 'Pending' })] }),
      report(state, {
        pods: [pod({ phase: 'Pending', conditions: [{ type: 'PodScheduled', status: 'True' }] })],
      }),
      report(state, { pods: [waiting('ContainerCreating')] }),
      report(state, {
        pods: [
          pod({
            phase: 'Running',
            conditions: [{ type: 'Ready', status: 'False', reason: 'ContainersNotReady' }],
          }),
        ],
      }),
    ];
    for (const step of steps) expect(step).to.deep.equal(steps[0]);
    expect(steps[0]?.status).to.include({ phase: 'Pending' });
    expect(steps[0]?.health).to.deep.equal({
      state: 'progressing',
      reason: 'Starting',
      message: 'the pod is starting',
    });
  });

  it('says Reconciling while children are being made', () => {
    const { status, health } = report(observe({ image }), { pods: [pod(READY)] });
    expect(status).to.include({ phase: 'Pending' });
    expect(health).to.include({ state: 'progressing', reason: 'Reconciling' });
  });

  it('is not Ready by a pod that is to be replaced', () => {
    const state = settled({ image });
    for (const deployment of [{ observedGeneration: 1, updatedReplicas: 1 }, { observedGeneration: 2 }]) {
      expect(report(state, { deployment, pods: [pod(READY)] }).health).to.include({ reason: 'Replacing' });
    }
    const leaving = pod(READY, { deletionTimestamp: now });
    expect(report(state, { pods: [leaving] }).health).to.include({
      state: 'progressing',
      reason: 'Replacing',
    });
  });

  it('looks at the newest pod of its own that is not on its way out', () => {
    const pods = [
      pod(READY, { name: 'old', creationTimestamp: '2026-01-01T00:00:30Z' }),
      pod(READY, { name: 'leaving', creationTimestamp: '2026-01-01T00:03:00Z', deletionTimestamp: now }),
      pod(READY, { name: 'new', creationTimestamp: '2026-01-01T00:02:00Z' }),
      pod(READY, { name: 'foreign', creationTimestamp: '2026-01-01T00:04:00Z', labels: { app: 'other' } }),
    ];
    for (const order of [pods, pods.toReversed()]) {
      expect(report(settled({ image }), { pods: order }).status.podName).to.equal('new');
    }
  });

  describe('of a computer that cannot run', () => {
    const state = settled({ image });
    const health = (surroundings: Surroundings, of = state) => report(of, surroundings).health;

    it('gives the reason of the container', () => {
      const pods = [waiting('ImagePullBackOff', 'Back-off pulling image')];
      expect(health({ pods })).to.deep.equal({
        state: 'degraded',
        reason: 'ImagePullBackOff',
        message: 'Back-off pulling image',
      });
      expect(report(state, { pods }).status).to.include({ phase: 'Degraded', podName: 'my-agent-1' });
    });

    it('gives the exit code of one that crashes again and again, and calls a first restart progress', () => {
      const terminated = { exitCode: 3 };
      const crash = waiting('CrashLoopBackOff', 'back-off 10s', { terminated });
      expect(health({ pods: [crash] })).to.include({
        state: 'degraded',
        message: 'back-off 10s (last exit code 3)',
      });
      const restart = pod({ phase: 'Running', containerStatuses: [{ state: { terminated } }] });
      expect(health({ pods: [restart] })).to.include({ state: 'progressing', reason: 'Restarting' });
    });

    it('names a missing shell when a sandbox idles, and only then', () => {
      const message =
        'failed to create containerd task: OCI runtime create failed: exec: "/bin/sh": stat /bin/sh: no such file or directory: unknown';
      const byStart = waiting('RunContainerError', message);
      const byCrash = waiting('CrashLoopBackOff', 'back-off 10s', { terminated: { exitCode: 128, message } });
      for (const pods of [[byStart], [byCrash]])
        expect(health({ pods })).to.include({ reason: 'ShellMissing' });
      expect(health({ pods: [byStart] }, settled({ image, command: ['/bin/sh'] }))).to.include({
        reason: 'RunContainerError',
      });
    });

    it('says why no node takes the pod', () => {
      const scheduled = {
        type: 'PodScheduled',
        status: 'False',
        reason: 'Unschedulable',
        message: '0/1 nodes',
      };
      const pods = [pod({ phase: 'Pending', conditions: [scheduled] })];
      expect(health({ pods })).to.deep.equal({
        state: 'progressing',
        reason: 'Unschedulable',
        message: '0/1 nodes',
      });
      const conditions = [{ type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded' }];
      expect(health({ pods, deployment: { ...CURRENT, conditions } })).to.include({
        state: 'degraded',
        reason: 'Unschedulable',
      });
    });

    it('does not take for a start what will not get better by itself', () => {
      const reason = { reason: 'NoSandboxRuntime', message: 'install bubblewrap' };
      for (const type of ['PodScheduled', 'Ready']) {
        const pods = [pod({ phase: 'Pending', conditions: [{ type, status: 'False', ...reason }] })];
        expect(health({ pods })).to.deep.equal({ state: 'degraded', ...reason });
      }
    });

    it('says why there is no pod, and why one has failed', () => {
      const conditions = [
        { type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message: 'exceeded quota' },
      ];
      expect(health({ deployment: { ...CURRENT, conditions } })).to.deep.equal({
        state: 'degraded',
        reason: 'FailedCreate',
        message: 'exceeded quota',
      });
      const evicted = pod({ phase: 'Failed', reason: 'Evicted', message: 'low on memory' });
      expect(health({ pods: [evicted] })).to.deep.equal({
        state: 'degraded',
        reason: 'Evicted',
        message: 'low on memory',
      });
    });

    it('names the child that an action failed for, not one that had to wait for it', () => {
      const failed = (reason: string) => ({
        failure: { digest: null, reason, message: 'no', permanent: false },
      });
      const children = {
        'Deployment/my-agent': failed('NotAttempted'),
        'NetworkPolicy/my-agent': failed('Denied'),
      };
      expect(health({}, { ...state, children })).to.deep.equal({
        state: 'degraded',
        reason: 'Denied',
        message: 'NetworkPolicy/my-agent: no',
      });
    });

    it('keeps messages short', () => {
      const { message } = health({ pods: [waiting('ErrImagePull', 'x'.repeat(5_000))] });
      expect(message.length).to.be.at.most(1_024);
    });
  });

  it('is Suspended once the pod is gone', () => {
    const state = settled({ image, lifecycle: { state: 'Suspended' } });
    const stopping = report(state, { pods: [pod(READY)] });
    expect(stopping.status).to.include({ phase: 'Stopping' });
    expect(stopping.health).to.include({ state: 'progressing', reason: 'Stopping' });
    expect(condition(stopping.status, 'Suspended')).to.include({ status: 'False', reason: 'Stopping' });
    const { status, health } = report(state);
    expect(status).to.include({ phase: 'Suspended' });
    expect(status).not.to.have.property('podName');
    expect(condition(status, 'Ready')).to.include({ status: 'False', reason: 'Suspended' });
    expect(condition(status, 'Suspended')).to.include({ status: 'True', reason: 'Suspended' });
    expect(health.state).to.equal('suspended');
  });

  it('is Suspended once the kubelet says that the container of the ending pod has ended', () => {
    const state = settled({ image, lifecycle: { state: 'Suspended' } });
    const ended = { containerStatuses: [{ state: { terminated: { exitCode: 0 } } }] };
    const isSuspended = (...pods: readonly KubernetesObject[]) =>
      condition(report(state, { pods }).status, 'Suspended')?.status;
    const deletionTimestamp = '2026-01-01T00:00:00Z';
    expect(isSuspended(pod(ended, { deletionTimestamp }))).to.equal('True');
    expect(isSuspended(pod(ended)), 'the kubelet may start it again').to.equal('False');
    expect(isSuspended(pod({}, { deletionTimestamp })), 'nothing is known of it').to.equal('False');
    const running = { containerStatuses: [{ state: {} }] };
    expect(isSuspended(pod(running, { deletionTimestamp }))).to.equal('False');
    const older = pod(running, {
      name: 'older',
      deletionTimestamp,
      creationTimestamp: '2025-12-31T00:00:00Z',
    });
    expect(isSuspended(pod(ended, { deletionTimestamp }), older), 'another one runs').to.equal('False');
  });

  it('is Suspended also while a child cannot be repaired', () => {
    const state = settled({ image, lifecycle: { state: 'Suspended' } });
    const failure = { digest: null, reason: 'Denied', message: 'no', permanent: false };
    const { status } = report({ ...state, children: { 'NetworkPolicy/my-agent': { failure } } });
    expect(status).to.include({ phase: 'Degraded' });
    expect(condition(status, 'Suspended')).to.include({ status: 'True', reason: 'Suspended' });
    expect(condition(status, 'Degraded')).to.include({ status: 'True', reason: 'Denied' });
  });

  it('is Expired when its time is up', () => {
    const deadline = '2026-01-01T08:00:00Z';
    const limited = observe({ image, lifecycle: { ttl: '8h' } });
    const reached = by.reduce(limited, event('DeadlineReached', { deadline }), by.configuration);
    const { status, health } = report(settled({ image, lifecycle: { ttl: '8h' } }, reached));
    expect(status).to.include({ phase: 'Expired' });
    expect(condition(status, 'Ready')).to.include({ status: 'False', reason: 'Expired' });
    expect(condition(status, 'Suspended')).to.include({ status: 'True', reason: 'Expired' });
    expect(health.state).to.equal('suspended');
  });

  it('is Refused when no spec was ever accepted', () => {
    const { status, health } = report(observe({ image: '' }));
    expect(status).to.include({ phase: 'Refused' });
    expect(status).not.to.have.any.keys('workspace', 'podName');
    expect(condition(status, 'Ready')).to.include({ status: 'False', reason: 'InvalidSpec' });
    expect(condition(status, 'Degraded')).to.include({
      status: 'True',
      message: 'spec.image must not be empty',
    });
    expect(health).to.deep.equal({
      state: 'degraded',
      reason: 'InvalidSpec',
      message: 'spec.image must not be empty',
    });
  });

  it('stays Ready, and is Degraded, while a newer spec is refused', () => {
    const { status, health } = report(settled({ image: '' }, settled({ image })), { pods: [pod(READY)] });
    expect(status).to.include({ phase: 'Running' });
    expect(condition(status, 'Ready')).to.include({ status: 'True' });
    expect(condition(status, 'Degraded')).to.include({ status: 'True', reason: 'InvalidSpec' });
    expect(health).to.include({ state: 'degraded', reason: 'InvalidSpec' });
  });

  it('names drift that is contested, and that it has settled', () => {
    const state = settled({ image });
    const contested = report(state, { pods: [pod(READY)], contested: ['Deployment/my-agent'] }).status;
    expect(condition(contested, 'DriftContested')).to.deep.include({
      status: 'True',
      message: 'somebody keeps changing Deployment/my-agent; repairs wait longer and longer',
    });
    const after = report(state, { pods: [pod(READY)], status: contested }).status;
    expect(condition(after, 'DriftContested')).to.include({ status: 'False', reason: 'Settled' });
    expect(condition(report(state, { pods: [pod(READY)] }).status, 'DriftContested')).to.equal(undefined);
  });

  it('says what is simulated where the computer runs', () => {
    const conditions = [
      ...READY.conditions,
      { type: 'ImageNotPulled', status: 'True', reason: 'HostUserland', message: 'no images' },
      { type: 'LimitsEnforced', status: 'False', reason: 'Rlimits', message: 'no CPU limits' },
    ];
    const { status } = report(settled({ image }), { pods: [pod({ ...READY, conditions })] });
    expect(status.limitations).to.deep.equal([
      { type: 'ImageNotPulled', message: 'no images' },
      { type: 'LimitsEnforced', message: 'no CPU limits' },
    ]);
  });

  it('keeps the time of a condition as long as its status lasts', () => {
    const state = settled({ image });
    const before = report(state).status;
    const after = report(state, { pods: [pod(READY)], status: before, at: '2026-01-01T00:06:00Z' }).status;
    expect(condition(after, 'Ready')?.lastTransitionTime).to.equal('2026-01-01T00:06:00Z');
    expect(condition(after, 'Degraded')?.lastTransitionTime).to.equal(now);
  });
});
