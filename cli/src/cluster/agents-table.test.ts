import { expect } from 'chai';
import { agentRow } from './agent-row.js';
import { formatAgents } from './agents-command.js';

describe('the list of agents', () => {
  const created = '2026-01-01T00:00:00Z';
  const now = Date.parse(created) + 5 * 60_000;
  const agent = {
    metadata: { name: 'my-agent', namespace: 'default', generation: 1, creationTimestamp: created },
    spec: { role: 'sandbox', image: 'python:3.11-slim' },
    status: {
      observedGeneration: 1,
      conditions: [{ type: 'Ready', status: 'True', reason: 'ComputerReady', message: 'running' }],
      lastEvent: { seq: 12, hash: 'h' },
    },
  };

  it('tells role, image, readiness, age and the last event in the log', () => {
    expect(formatAgents([agentRow(agent)], now)).to.equal(
      'NAMESPACE   NAME       ROLE      IMAGE              READY   REASON          AGE   LAST EVENT\n' +
        'default     my-agent   sandbox   python:3.11-slim   yes     ComputerReady   5m    seq 12\n',
    );
  });

  it('tells of an agent that no operator has looked at', () => {
    const { spec, metadata } = agent;
    expect(agentRow({ spec, metadata })).to.include({ ready: false, reason: 'Unknown', last_event: null });
  });

  it('does not believe a status that is behind the spec', () => {
    expect(agentRow({ ...agent, metadata: { ...agent.metadata, generation: 2 } }).ready).to.equal(false);
  });
});
