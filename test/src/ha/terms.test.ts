import type { LogEvent } from '@rynxs/log';
import { expect } from 'chai';
import type { CountedWrite } from './counting-proxy.js';
import { type Puts, termsOf } from './terms.js';

/** One record a commit, by `replica-a` and then by `replica-b`. */
const RECORDS = [
  record(0, 'EpochStarted', 1, 'replica-a_1'),
  record(1, 'EpochEnded', 1, 'replica-a_1'),
  record(2, 'EpochStarted', 2, 'replica-b_2'),
  record(3, 'AgentObserved', 2, 'replica-b_2'),
];
const PUTS = [puts('replica-a', put(0, 100), put(1, 200)), puts('replica-b', put(2, 300), put(3, 400))];

describe('the terms of a log, as the bucket has seen them', () => {
  it('are found, each with its replica and the time of its first commit', () => {
    expect(termsOf(RECORDS, PUTS)).to.deep.equal({
      terms: [
        { epoch: 1, replica: 'replica-a', firstSeq: 0, beganAtMs: 100, hasEnded: true },
        { epoch: 2, replica: 'replica-b', firstSeq: 2, beganAtMs: 300, hasEnded: false },
      ],
      problems: [],
    });
  });

  it('do not mind commits that were refused, and other objects', () => {
    const refused = puts('replica-a', put(0, 100), put(1, 200), { ...put(2, 310), status: 412 });
    const others = { ...put(9, 350), path: '/bucket/events/objects/checkpoints/9' };
    expect(
      termsOf(RECORDS, [refused, puts('replica-b', put(2, 300), others, put(3, 400))]).problems,
    ).to.deep.equal([]);
  });

  const wrong: readonly (readonly [string, readonly LogEvent[], readonly Puts[], string])[] = [
    [
      'an epoch is left out',
      [...RECORDS.slice(0, 2), record(2, 'EpochStarted', 3, 'replica-b_2')],
      PUTS.slice(0, 1),
      'seq 2: epoch 3 follows 1',
    ],
    [
      'an epoch has two writers',
      [...RECORDS.slice(0, 3), record(3, 'AgentObserved', 2, 'replica-a_1')],
      PUTS.slice(0, 1),
      'seq 3: AgentObserved of epoch 2 by replica-a_1 in epoch 2',
    ],
    [
      'a record is of an epoch that is over',
      [...RECORDS.slice(0, 3), record(3, 'AgentObserved', 1, 'replica-b_2')],
      PUTS.slice(0, 1),
      'seq 3: AgentObserved of epoch 1 by replica-b_2 in epoch 2',
    ],
    [
      'a commit was put by another replica than its writer',
      RECORDS,
      [puts('replica-a', put(0, 100), put(1, 200), put(3, 400)), puts('replica-b', put(2, 300))],
      'seq 3: put by replica-a, written by replica-b_2',
    ],
    [
      'two replicas have put the same commit',
      RECORDS,
      [...PUTS, puts('replica-c', put(1, 250))],
      'replica-a and replica-c have put commit 1',
    ],
    [
      'a commit was put before the one that it builds on',
      RECORDS,
      [puts('replica-a', put(0, 100), put(1, 350)), PUTS[1] as Puts],
      'seq 2: put before the commit that it builds on',
    ],
    [
      'a commit that the server has taken is not in the log',
      RECORDS.slice(0, 3),
      PUTS,
      'commit 3 of replica-b was taken by the server and is not in the log',
    ],
  ];
  for (const [what, records, replicas, problem] of wrong) {
    it(`are wrong when ${what}`, () => {
      expect(termsOf(records, replicas).problems).to.contain(problem);
    });
  }
});

function record(seq: number, type: string, epoch: number, writer: string): LogEvent {
  return {
    seq,
    type,
    aggregate_id: 'log',
    hash_version: 'v3',
    meta: { batch: 'b', end: true, epoch, trace_id: 't', writer },
    payload: { v: 1 },
    ts: '2026-01-01T00:00:00.000Z',
  };
}

function put(seq: number, atMs: number): CountedWrite {
  const path = `/bucket/events/${String(seq).padStart(10, '0')}.json`;
  return { method: 'PUT', path, status: 200, atMs };
}

function puts(name: string, ...writes: readonly CountedWrite[]): Puts {
  return { name, s3: { writes } };
}
