import { expect } from 'chai';
import type { AgentProgress } from './agent-progress.js';
import { devResult } from './dev-result.js';

describe('the result of rynxs dev', () => {
  const log = { records: 9, intact: true };
  const ready: AgentProgress = { agent: 'default/a', ready: true, children: ['ConfigMap/a'], steps: [] };
  const waiting: AgentProgress = {
    ...ready,
    agent: 'default/b',
    ready: false,
    steps: [{ name: 'Ready', done: false }],
  };

  it('is the agent itself when there is one', () => {
    expect(devResult([ready], log, 1234.5)).to.deep.equal({
      agent: 'default/a',
      ready: true,
      children: ['ConfigMap/a'],
      events: 9,
      verified: true,
      elapsedMs: 1235,
    });
  });

  it('says why an agent is not ready', () => {
    expect(devResult([waiting], log, 0)).to.include({ ready: false, reason: 'waiting for Ready' });
    const blocked = { ...waiting, blocked: { reason: 'NoSandboxRuntime', message: 'install bubblewrap' } };
    expect(devResult([blocked], log, 0)).to.include({ reason: 'NoSandboxRuntime: install bubblewrap' });
  });

  it('lists several agents, and none', () => {
    expect(devResult([ready, waiting], log, 0))
      .to.have.property('agents')
      .with.length(2);
    expect(devResult([], log, 0)).to.deep.equal({ agents: [], events: 9, verified: true, elapsedMs: 0 });
  });
});
