import { expect } from 'chai';
import { claimed, isNamed, leaseName, microTime, readLease, released, renewed } from './lease-record.js';

const KEY = { namespace: 'rynxs-system', name: 'rynxs-operator-leader' };
const STAMP = '2026-01-01T00:00:00.000001Z';
const LATER = '2026-01-01T00:00:02.000002Z';

describe('the record in a Lease', () => {
  const taken = claimed(null, KEY, { holder: 'a_1', claimMs: 15_000, stamp: STAMP });

  it('says who has it and for how long, as client-go writes it', () => {
    expect(taken.spec).to.deep.equal({
      holderIdentity: 'a_1',
      leaseDurationSeconds: 15,
      acquireTime: STAMP,
      renewTime: STAMP,
      leaseTransitions: 0,
    });
  });

  it('claims whole seconds, rounded up', () => {
    const lease = claimed(null, KEY, { holder: 'a_1', claimMs: 1_200, stamp: STAMP });
    expect(readLease(lease).claimMs).to.equal(2_000);
  });

  it('keeps the time of acquisition when it is renewed', () => {
    const lease = renewed(taken, { holder: 'a_1', claimMs: 15_000, stamp: LATER }, {});
    expect(readLease(lease)).to.include({ acquireTime: STAMP, renewTime: LATER, transitions: 0 });
  });

  it('counts how often it has changed hands, and drops what was said of the holder before', () => {
    const annotations = { 'rynxs.universe.ai/epoch': '7', 'rynxs.universe.ai/transfer-to': 'b' };
    const before = renewed(taken, { holder: 'a_1', claimMs: 15_000, stamp: LATER }, annotations);
    expect(readLease(before)).to.include({ epoch: 7, transferTo: 'b' });
    const after = claimed(before, KEY, { holder: 'b_2', claimMs: 15_000, stamp: LATER });
    expect(readLease(after)).to.include({
      holder: 'b_2',
      transitions: 1,
      epoch: undefined,
      transferTo: undefined,
    });
  });

  it('has no holder when it was released, and expires at once for who goes by other means', () => {
    expect(readLease(released(taken, LATER))).to.include({ holder: '', claimMs: 1_000, renewTime: LATER });
  });

  it('is still left to somebody when it was released to that one, and to nobody otherwise', () => {
    const asked = (to: string) => ({ 'rynxs.universe.ai/transfer-to': to });
    const signature = { holder: 'a_1', claimMs: 15_000, stamp: STAMP };
    expect(readLease(released(renewed(taken, signature, asked('b')), LATER)).transferTo).to.equal('b');
    expect(readLease(released(renewed(taken, signature, asked('')), LATER)).transferTo).to.equal(undefined);
  });

  it('is read however it was edited', () => {
    const nothing = { holder: '', claimMs: 0, transitions: 0, epoch: undefined, renewTime: undefined };
    for (const spec of [undefined, null, 'text', {}, { holderIdentity: 7, leaseDurationSeconds: -1 }]) {
      const annotations = { 'rynxs.universe.ai/epoch': '1e3' };
      expect(readLease({ metadata: { ...KEY, annotations }, spec })).to.include(nothing);
    }
  });

  it('names a holder by its identity or by its pod', () => {
    expect(isNamed('rynxs-0', 'rynxs-0_4f')).to.equal(true);
    expect(isNamed('rynxs-0_4f', 'rynxs-0_4f')).to.equal(true);
    expect(isNamed('rynxs', 'rynxs-0_4f')).to.equal(false);
    expect(isNamed('', 'rynxs-0_4f')).to.equal(false);
  });

  it('has a time with microseconds that tell attempts apart', () => {
    expect(microTime(Date.UTC(2026, 0, 1), 1)).to.equal(STAMP);
    expect(microTime(Date.UTC(2026, 0, 1), 1_002)).to.equal('2026-01-01T00:00:00.000002Z');
  });

  it('is in a Lease of its own for each shard', () => {
    expect(leaseName('default')).to.equal('rynxs-operator-leader');
    expect(leaseName('west')).to.equal('rynxs-operator-leader-west');
  });
});
