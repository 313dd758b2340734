import { expect } from 'chai';
import { compareTerms, durationMs } from './failover.mjs';
import { missingFromLog } from './fleet.mjs';
import { discontinuity } from './log.mjs';

describe('terms of a log', () => {
  const term = (epoch, first_seq, last_seq, records = last_seq - first_seq + 1) => ({
    epoch,
    first_seq,
    last_seq,
    records,
  });

  it('are continuous when each begins where the one before ends', () => {
    expect(discontinuity([term(1, 0, 9), term(2, 10, 10), term(3, 11, 40)])).to.equal(undefined);
    expect(discontinuity([term(0, 0, 3), term(1, 4, 9)])).to.equal(undefined);
  });

  for (const [what, terms, words] of [
    ['a term is missing', [term(1, 0, 9), term(3, 10, 12)], 'epoch 3 follows 1'],
    ['records are missing', [term(1, 0, 9), term(2, 11, 12)], 'epoch 2 begins with record 11 instead of 10'],
    [
      'records are there twice',
      [term(1, 0, 9), term(2, 9, 12)],
      'epoch 2 begins with record 9 instead of 10',
    ],
    ['a number does not add up', [term(1, 0, 9, 11)], 'epoch 1 has 11 records from 0 to 9'],
    ['the beginning is missing', [term(4, 5, 9)], 'epoch 4 begins with record 5 instead of 0'],
    ['there is none', [], 'there is no epoch'],
  ]) {
    it(`are not when ${what}`, () => expect(discontinuity(terms)).to.equal(words));
  }
});

describe('terms and who held the Lease', () => {
  const written = (...writers) => writers.map((writer) => ({ writer }));

  it('agree when each holder has written one, in their order', () => {
    expect(compareTerms(written('a', 'b', 'c'), ['a', 'b', 'c'])).to.deep.equal({ missing: [], others: [] });
  });

  it('do not when a holder has written none, or before the one who held it earlier', () => {
    expect(compareTerms(written('a', 'c'), ['a', 'b', 'c'])).to.deep.equal({
      missing: ['b', 'c'],
      others: ['c'],
    });
    expect(compareTerms(written('b', 'a'), ['a', 'b'])).to.deep.equal({ missing: ['b'], others: ['b'] });
  });

  it('do not when somebody else has written one', () => {
    expect(compareTerms(written('a', 'x', 'b'), ['a', 'b'])).to.deep.equal({ missing: [], others: ['x'] });
  });
});

describe('what a log must tell of Agents', () => {
  const observed = (uid, generation) => ({ type: 'AgentObserved', payload: { uid, generation } });
  const gone = (uid) => ({ type: 'AgentDeleted', payload: { uid } });
  const fleet = (known, deleted) => ({
    agents: new Map(known.map(([uid, generation]) => [uid, { name: `agent ${uid}`, uid, generation }])),
    deleted: new Set(deleted),
  });

  it('is the newest spec of each, and the end of each that it has seen', () => {
    const events = [observed('a', 1), observed('a', 3), observed('b', 1), gone('b')];
    expect(missingFromLog(events, fleet([['a', 3]], ['b', 'never-seen']))).to.deep.equal([]);
  });

  it('misses a spec that was never observed, and one that is older than the newest', () => {
    const events = [observed('a', 1)];
    const known = [
      ['a', 2],
      ['b', 1],
    ];
    expect(missingFromLog(events, fleet(known, []))).to.deep.equal([
      'generation 2 of agent a',
      'generation 1 of agent b',
    ]);
  });

  it('misses an end', () => {
    expect(missingFromLog([observed('a', 1)], fleet([], ['a']))).to.deep.equal(['the deletion of a']);
  });
});

describe('durations of the election', () => {
  it('are read as the operator reads them', () => {
    expect(['15s', '250ms', '2m', '1h', '10'].map(durationMs)).to.deep.equal([
      15_000, 250, 120_000, 3_600_000, 10_000,
    ]);
    expect(() => durationMs('soon')).to.throw('soon is no duration');
  });
});
