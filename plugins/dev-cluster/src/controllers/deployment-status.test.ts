import { expect } from 'chai';
import type { JsonObject } from '../storage/json.js';
import { deploymentStatus } from './deployment-status.js';

describe('status of a deployment', () => {
  const start = Date.parse('2026-01-01T00:00:00Z');
  const view = (status: JsonObject, nowMs: number) => {
    const set: JsonObject = { metadata: { name: 'web-1' }, status: { replicas: 1, observedGeneration: 1 } };
    return {
      deployment: {
        metadata: { name: 'web', generation: 1 },
        spec: { replicas: 1, progressDeadlineSeconds: 60 },
        status,
      },
      sets: [set],
      current: set,
      nowMs,
      timestamp: new Date(nowMs).toISOString(),
    };
  };
  const progressing = (status: JsonObject) =>
    (status.conditions as JsonObject[]).find((each) => each.type === 'Progressing');

  it('asks to be looked at again when the deadline passes, and then says so', () => {
    const first = deploymentStatus(view({}, start));
    expect(first.checkAfterMs).to.equal(60_000);
    const second = deploymentStatus(view(first.status, start + 20_000));
    expect(second.checkAfterMs).to.equal(40_000);
    expect(second.status).to.deep.equal(first.status);
    const third = deploymentStatus(view(second.status, start + 60_000));
    expect(progressing(third.status)).to.include({ status: 'False', reason: 'ProgressDeadlineExceeded' });
    expect(third).not.to.have.property('checkAfterMs');
  });

  it('does not go back to progressing by itself once the deadline has passed', () => {
    const first = deploymentStatus(view({}, start));
    const late = deploymentStatus(view(first.status, start + 60_000));
    const later = deploymentStatus(view(late.status, start + 90_000));
    expect(progressing(later.status)).to.deep.equal(progressing(late.status));
  });
});
