import type { JsonMap, LogEvent } from '@rynxs/log';
import { expect } from 'chai';
import { colorsFor } from '../terminal/colors.js';
import { formatRecordLine, summarize } from './record-line.js';

describe('a record as a line', () => {
  function event(type: string, payload: JsonMap): LogEvent {
    return {
      aggregate_id: 'agents/default/my-agent',
      hash_version: 'v3',
      meta: { batch: 'b', end: true, epoch: 1, trace_id: 't', writer: 'w' },
      payload: { v: 1, ...payload },
      seq: 12,
      ts: '2026-01-01T00:00:00.000Z',
      type,
    };
  }

  const cases: [string, JsonMap, string][] = [
    ['EpochStarted', { epoch: 2, holder: 'host_1' }, 'epoch 2 by host_1'],
    ['EpochEnded', { epoch: 2, reason: 'stopped' }, 'epoch 2: stopped'],
    ['AgentObserved', { generation: 3, manager: 'kubectl-edit' }, 'generation 3 by kubectl-edit'],
    ['AgentObserved', { generation: 1, manager: null }, 'generation 1'],
    ['AgentDeleted', { found: 'at_start' }, 'found at start'],
    [
      'AgentCrashSummary',
      {
        uid: 'u',
        fact: {
          pod: { name: 'a-1', uid: 'a'.repeat(60) },
          restarts: 3,
          lastReason: 'Error',
          lastExitCode: null,
        },
      },
      'restarts 3, lastReason Error',
    ],
    ['AgentReady', { reason: 'Running', message: 'the pod runs' }, 'Running: the pod runs'],
    ['DriftObserved', { child: 'Deployment/a', uid: null }, 'Deployment/a is missing'],
    [
      'DriftObserved',
      { child: 'Deployment/a', uid: 'u', paths: ['/spec/replicas'] },
      'Deployment/a differs at /spec/replicas',
    ],
    [
      'ActionsDecided',
      {
        actions: [
          { verb: 'create', child: 'ConfigMap/a' },
          { verb: 'delete', child: 'Pod/b' },
        ],
        refusal: null,
      },
      'create ConfigMap/a, delete Pod/b',
    ],
    ['ActionsDecided', { actions: [], refusal: null }, 'nothing to do'],
    [
      'ActionsDecided',
      { actions: [], refusal: { reason: 'InvalidSpec', message: 'no image' } },
      'refused: InvalidSpec: no image',
    ],
    [
      'ActionsDecided',
      { actions: [], refusal: null, phase: { name: 'Active', reason: 'AgentReady', message: 'it runs' } },
      'Active: AgentReady: it runs',
    ],
    ['AgentSuspended', { reason: 'Suspended', message: 'as asked' }, 'Suspended: as asked'],
    ['ActionApplied', { verb: 'create', child: 'ConfigMap/a' }, 'create ConfigMap/a'],
    [
      'ActionFailed',
      { verb: 'update', child: 'ConfigMap/a', reason: 'Denied', message: 'no' },
      'update ConfigMap/a: Denied: no',
    ],
    ['SomethingElse', { any: 'thing' }, ''],
  ];

  for (const [type, payload, summary] of cases) {
    it(`sums up ${type} as “${summary}”`, () => expect(summarize(event(type, payload))).to.equal(summary));
  }

  it('stays one line of bounded length, whatever the event holds', () => {
    const summary = summarize(event('EpochEnded', { epoch: 1, reason: 'a\nb '.repeat(200) }));
    expect(summary).to.have.length.at.most(120);
    expect(summary).not.to.include('\n');
  });

  it('cannot steer the terminal', () => {
    const hostile = event('EpochEnded', { epoch: 1, reason: '\u001B]0;owned\u0007' });
    const line = formatRecordLine(
      { ...hostile, aggregate_id: 'a\u001B[2Jb' },
      colorsFor({ write: () => {} }, {}),
    );
    expect(line).to.include('a\uFFFD[2Jb').and.not.include('\u001B').and.not.include('\u0007');
  });

  it('has no colours where nobody sees them', () => {
    const line = formatRecordLine(
      event('EpochEnded', { epoch: 1, reason: 'stopped' }),
      colorsFor({ write: () => {} }, {}),
    );
    expect(line).to.equal(
      '    12 2026-01-01T00:00:00.000Z EpochEnded             agents/default/my-agent epoch 1: stopped',
    );
  });
});
