import type { KubernetesObject } from '@rynxs/kernel';
import { expect } from 'chai';
import { type AgentView, agentProgress, describeWaiting } from './agent-progress.js';

const SESSION_START = Date.parse('2026-01-01T00:00:10.700Z');
const KINDS = ['ConfigMap', 'Deployment'];

describe('the progress of an agent', () => {
  const READY = { type: 'Ready', status: 'True', reason: 'ComputerReady', message: 'running' };
  const metadata = { name: 'a', namespace: 'default', uid: 'u', generation: 2 };

  function agent(status: object = {}): KubernetesObject {
    return { metadata, status: { observedGeneration: 2, phase: 'Pending', conditions: [], ...status } };
  }

  function pod(startedAt: string | undefined, more: object = {}): KubernetesObject {
    const state =
      startedAt === undefined ? { waiting: { reason: 'ContainerCreating' } } : { running: { startedAt } };
    const phase = startedAt === undefined ? 'Pending' : 'Running';
    return { metadata: { name: 'a-1' }, status: { phase, containerStatuses: [{ state }], ...more } };
  }

  const child = (kind: string): AgentView['children'][number] => ({
    resource: { group: '', version: 'v1', kind, plural: `${kind.toLowerCase()}s`, namespaced: true },
    object: { metadata: { name: 'a' } },
  });

  function progress(view: Partial<AgentView>) {
    return agentProgress({ agent: agent(), children: [], pods: [], ...view }, KINDS, SESSION_START);
  }

  it('begins with everything to do', () => {
    const { agent: name, ready, children, steps } = progress({ agent: { metadata } });
    expect({ name, ready, children }).to.deep.equal({ name: 'default/a', ready: false, children: [] });
    expect(steps.map((step) => step.name)).to.deep.equal(['ConfigMap', 'Deployment', 'Pod running', 'Ready']);
    expect(steps.some(({ done }) => done)).to.equal(false);
  });

  it('names children as they appear', () => {
    const { children, steps } = progress({ children: [child('ConfigMap')] });
    expect(children).to.deep.equal(['ConfigMap/a']);
    expect(steps.slice(0, 2)).to.deep.equal([
      { name: 'ConfigMap/a', done: true },
      { name: 'Deployment', done: false },
    ]);
  });

  it('ends when the pod runs and the operator says Ready', () => {
    const { ready } = progress({
      agent: agent({ conditions: [READY] }),
      pods: [pod('2026-01-01T00:00:12Z')],
    });
    expect(ready).to.equal(true);
  });

  it('drops what a ready agent did not need', () => {
    const { steps } = progress({
      agent: agent({ conditions: [READY] }),
      pods: [pod('2026-01-01T00:00:12Z')],
      children: [child('ConfigMap')],
    });
    expect(steps.map(({ name }) => name)).to.deep.equal(['ConfigMap/a', 'Pod running', 'Ready']);
  });

  it('does not take an earlier session’s pod for a running one', () => {
    const before = progress({ agent: agent({ conditions: [READY] }), pods: [pod('2026-01-01T00:00:09Z')] });
    expect(before.ready).to.equal(false);
    const sameSecond = progress({
      agent: agent({ conditions: [READY] }),
      pods: [pod('2026-01-01T00:00:10Z')],
    });
    expect(sameSecond.ready).to.equal(true);
  });

  it('does not take the status of an earlier generation for the present one', () => {
    const { ready } = progress({
      agent: agent({ observedGeneration: 1, conditions: [READY] }),
      pods: [pod('2026-01-01T00:00:12Z')],
    });
    expect(ready).to.equal(false);
  });

  it('does not count a pod that is being deleted', () => {
    const ending = pod('2026-01-01T00:00:12Z');
    const deleted = {
      ...ending,
      metadata: { ...ending.metadata, deletionTimestamp: '2026-01-01T00:00:13Z' },
    };
    expect(progress({ agent: agent({ conditions: [READY] }), pods: [deleted] }).ready).to.equal(false);
  });

  it('tells what it waits for', () => {
    const waiting = { type: 'Ready', status: 'False', reason: 'Starting', message: 'the pod is starting' };
    const view = progress({
      agent: agent({ conditions: [waiting] }),
      children: [child('ConfigMap'), child('Deployment')],
      pods: [pod(undefined)],
    });
    expect(describeWaiting(view)).to.equal(
      'Pod running (ContainerCreating), Ready (Starting: the pod is starting)',
    );
    expect(view.blocked).to.equal(undefined);
  });

  it('knows that no sandbox means no pod, wherever the pod says so', () => {
    const condition = {
      type: 'Ready',
      status: 'False',
      reason: 'NoSandboxRuntime',
      message: 'install bubblewrap',
    };
    const told = { reason: 'NoSandboxRuntime', message: 'install bubblewrap' };
    expect(progress({ pods: [pod(undefined, { conditions: [condition] })] }).blocked).to.deep.equal(told);
    const waiting = { containerStatuses: [{ state: { waiting: told } }] };
    expect(progress({ pods: [pod(undefined, waiting)] }).blocked).to.deep.equal(told);
  });

  it('knows that a refused or suspended agent will not become ready by itself', () => {
    const refused = { type: 'Degraded', status: 'True', reason: 'InvalidSpec', message: 'no image' };
    const told = { reason: 'InvalidSpec', message: 'no image' };
    expect(progress({ agent: agent({ phase: 'Refused', conditions: [refused] }) }).blocked).to.deep.equal(
      told,
    );
    const oldOneRuns = agent({ phase: 'Running', conditions: [READY, refused] });
    const view = progress({ agent: oldOneRuns, pods: [pod('2026-01-01T00:00:12Z')] });
    expect(view.ready).to.equal(false);
    expect(view.blocked).to.deep.equal(told);
    const suspended = { type: 'Suspended', status: 'True', reason: 'Suspended', message: 'by spec' };
    expect(progress({ agent: agent({ conditions: [suspended] }) }).blocked?.reason).to.equal('Suspended');
  });

  it('waits on when something fails that may pass', () => {
    const degraded = { type: 'Degraded', status: 'True', reason: 'CrashLoopBackOff', message: 'exit 1' };
    const failing = agent({ phase: 'Degraded', conditions: [{ ...READY, status: 'False' }, degraded] });
    expect(progress({ agent: failing }).blocked).to.equal(undefined);
  });
});
