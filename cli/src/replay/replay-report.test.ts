import type { ClusterComparison, ReplayResult } from '@rynxs/kernel';
import { expect } from 'chai';
import { formatReplay, replayReport } from './replay-report.js';

describe('the report of a replay', () => {
  const result = {
    records: 9,
    epochs: 2,
    headHash: 'h',
    decisions: 1,
    notRecomputed: 0,
    differences: [],
    projection: { aggregates: () => [{}] },
  } as unknown as ReplayResult;
  const difference = {
    aggregateId: 'agents/default/a',
    child: 'Deployment/a',
    what: 'differs',
    paths: ['/spec/replicas'],
  } as const;
  const drifted: ClusterComparison = { compared: 5, differences: [difference] };

  it('is good when nothing differs', () => {
    const report = replayReport('file:///x', result, undefined);
    expect(report).to.include({ same: true, objects: 1, cluster: null });
    expect(formatReplay(report, false))
      .to.match(/^no difference/)
      .and.include('1 recorded, 0 differ');
  });

  it('is not when a decision differs, and shows both with the details', () => {
    const decision = { seq: 3, aggregateId: 'agents/default/a', recorded: { v: 1 }, recomputed: { v: 2 } };
    const report = replayReport(
      'file:///x',
      { ...result, differences: [decision] } as unknown as ReplayResult,
      undefined,
    );
    expect(report.same).to.equal(false);
    expect(formatReplay(report, false))
      .to.match(/^DIFFERENCES/)
      .and.include('--diff');
    expect(formatReplay(report, true)).to.include('seq 3 agents/default/a\n  - {"v":1}\n  + {"v":2}');
  });

  it('is not when the cluster differs', () => {
    const report = replayReport('file:///x', result, drifted);
    expect(report.same).to.equal(false);
    expect(formatReplay(report, true)).to.include('agents/default/a Deployment/a differs at /spec/replicas');
  });

  it('says why a cluster was not compared', () => {
    const report = replayReport('file:///x', result, 'connection refused');
    expect(report.same).to.equal(true);
    expect(formatReplay(report, true)).to.include('not compared: connection refused');
  });
});
