import { CONFIG, RECONCILER } from '@rynxs/kernel';
import { reconcilerSuite } from '@rynxs/kernel/testing';
import { expect } from 'chai';
import { AgentReconciler, default as plugin, SessionReconciler, UniverseReconciler } from './index.js';
import { agent, observe, reconciler, settled } from './testing/agent.js';

const image = 'python:3.11-slim';

reconcilerSuite({
  name: 'agent',
  create: () => reconciler(),
  objects: [
    agent({ image, lifecycle: { ttl: '8h' } }),
    agent({
      role: 'service',
      image: 'registry.example.com/bot@sha256:0123',
      args: ['--verbose'],
      env: [{ name: 'A', value: 'ä' }],
      resources: { limits: { cpu: '0.5', memory: '1024Mi' } },
      workspace: { size: '2Gi', retain: 'Retain' },
      network: {
        groups: ['lab'],
        egress: {
          dns: true,
          cidrs: [{ cidr: '10.0.0.0/8', ports: [{ port: 443 }] }],
          agents: [{ name: 'db', ports: [{ port: 5432 }] }],
        },
        ingress: { agents: [{ group: 'lab', ports: [{ port: 80 }] }] },
      },
      isolation: { user: 1000, runtimeClassName: 'gvisor', userNamespace: true, seccompProfile: 'a.json' },
    }),
    agent({ image, workspace: { existingClaim: 'data' } }),
    agent({ image, workspace: { size: '2Gi' }, lifecycle: { state: 'Suspended' } }),
  ],
  refused: [agent({ image: '' }), agent({ image, workspace: { keep: true } })],
});

describe('the agent-sandbox plugin', () => {
  it('provides its reconcilers, that of Agents made from its configuration', () => {
    expect(plugin.id).to.equal('agent-sandbox');
    expect(
      plugin.provides.map(({ token, type, implementation }) => ({ token, type, implementation })),
    ).to.deep.equal([
      { token: RECONCILER, type: 'agent', implementation: AgentReconciler },
      { token: RECONCILER, type: 'universe', implementation: UniverseReconciler },
      { token: RECONCILER, type: 'session', implementation: SessionReconciler },
    ]);
    expect(AgentReconciler.inject).to.deep.equal([CONFIG]);
    expect(reconciler(10 * 1024 ** 3).configuration).to.deep.equal({ defaultWorkspaceSize: '10Gi' });
  });

  it('changes only the Deployment of an Agent that is suspended', () => {
    const suspended = observe({ image, lifecycle: { state: 'Suspended' } }, settled({ image }));
    const { actions } = reconciler().decide(suspended);
    expect(actions.map(({ verb, uid, key }) => ({ verb, uid, key }))).to.deep.equal([
      { verb: 'update', uid: 'Deployment-uid', key: { namespace: 'default', name: 'my-agent' } },
    ]);
  });
});
