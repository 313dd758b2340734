import { AgentReconciler } from '@rynxs/agent-sandbox';
import type { KubernetesObject } from '@rynxs/kernel';
import { MemoryCluster } from '@rynxs/kernel/testing';
import { expect } from 'chai';
import { AgentTracker } from './agent-tracker.js';

const signal = new AbortController().signal;

describe('AgentTracker', () => {
  const reconciler = new AgentReconciler({ defaultWorkspaceSize: 1024 });
  const key = { namespace: 'default', name: 'a' };
  let cluster: MemoryCluster;
  let tracker: AgentTracker;

  beforeEach(() => {
    cluster = new MemoryCluster();
    tracker = new AgentTracker(cluster, [{ reconciler, key }], Date.now());
  });

  afterEach(() => tracker[Symbol.dispose]());

  const createAgent = (): Promise<KubernetesObject> =>
    cluster.create(reconciler.resource, { metadata: key, spec: { image: 'x' } }, { signal });

  async function createChild(owner: KubernetesObject, kind: string): Promise<void> {
    const resource = reconciler.owns.find((type) => type.kind === kind)!;
    const ownerReferences = [{ apiVersion: 'v1', kind: 'Agent', name: 'a', uid: owner.metadata.uid! }];
    await cluster.create(resource, { metadata: { ...key, ownerReferences } }, { signal });
  }

  it('knows an agent that does not exist yet', () => {
    expect(tracker.progress()).to.have.length(1);
    expect(tracker.progress()[0]).to.include({ agent: 'default/a', ready: false });
  });

  it('sees the children that an agent owns, and no others', async () => {
    const agent = await createAgent();
    await createChild(agent, 'ConfigMap');
    await createChild({ metadata: { name: 'other', uid: 'other' } }, 'Deployment');
    expect(tracker.progress()[0]?.children).to.deep.equal(['ConfigMap/a']);
  });

  it('resolves as soon as what is waited for is there', async () => {
    const waiting = tracker.until(([now]) => now!.children.includes('Deployment/a'), signal);
    const agent = await createAgent();
    await createChild(agent, 'Deployment');
    expect((await waiting)[0]?.children).to.deep.equal(['Deployment/a']);
  });

  it('gives up with the reason of the signal', async () => {
    const controller = new AbortController();
    const waiting = tracker.until(() => false, controller.signal).catch((reason: unknown) => reason);
    controller.abort('enough');
    expect(await waiting).to.equal('enough');
    expect(await tracker.until(() => true, controller.signal).catch((reason: unknown) => reason)).to.equal(
      'enough',
    );
  });

  it('tells once of changes that come together', async () => {
    let told = 0;
    const seen = new Promise<void>((resolve) => {
      tracker.subscribe(() => {
        told += 1;
        resolve();
      });
    });
    const agent = await createAgent();
    await createChild(agent, 'ConfigMap');
    await seen;
    expect(told).to.equal(1);
  });
});
