import { expect } from 'chai';
import { nextSteps } from './next-steps.js';

describe('what to try next', () => {
  const usual = {
    agent: { name: 'my-agent', namespace: 'default' },
    kubeconfig: '.rynxs/kubeconfig',
    dataDir: '.rynxs',
    metrics: 'http://127.0.0.1:18080/metrics',
    inUsualPlace: true,
    command: 'npx rynxs',
    log: 'file:///x/.rynxs/logs',
  };

  it('is commands that can be copied as they stand', () => {
    const lines = nextSteps(usual)
      .split('\n')
      .map((line) => line.trim());
    expect(lines).to.include.members([
      'kubectl --kubeconfig .rynxs/kubeconfig get agents',
      `kubectl --kubeconfig .rynxs/kubeconfig exec deploy/my-agent -- sh -c 'echo hi > /workspace/x; id; ls /'`,
      'npx rynxs agents',
      'npx rynxs log tail -f',
      'npx rynxs log verify',
      'curl http://127.0.0.1:18080/metrics',
    ]);
  });

  it('names log and cluster where they would not be found', () => {
    const text = nextSteps({ ...usual, inUsualPlace: false, kubeconfig: '/my data/kubeconfig' });
    expect(text).to.include(`rynxs agents --kubeconfig '/my data/kubeconfig'`);
    expect(text).to.include('log verify --store file:///x/.rynxs/logs');
  });

  it('names the namespace where it is not the default', () => {
    const agent = { name: 'a', namespace: 'team' };
    expect(nextSteps({ ...usual, agent })).to.include('-n team exec deploy/a');
  });

  it('needs no agent and no metrics', () => {
    const text = nextSteps({ ...usual, agent: undefined, metrics: undefined });
    expect(text).not.to.include('exec').and.not.to.include('curl');
  });
});
