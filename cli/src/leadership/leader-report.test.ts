import { expect } from 'chai';
import { formatLeaderLine, formatLeaderReport, leaderReport } from './leader-report.js';

describe('what a Lease says of the leader', () => {
  const now = Date.parse('2026-01-01T00:05:00Z');
  const spec = {
    holderIdentity: 'rynxs-0_a',
    leaseDurationSeconds: 15,
    acquireTime: '2026-01-01T00:00:00.000000Z',
    renewTime: '2026-01-01T00:04:58.500000Z',
    leaseTransitions: 3,
  };
  const annotations = { 'rynxs.universe.ai/epoch': '4', 'rynxs.universe.ai/log-id': 'log-1' };
  const lease = (changes: object = {}, others: Readonly<Record<string, string>> = {}) => ({
    metadata: {
      name: 'rynxs-operator-leader',
      namespace: 'rynxs',
      annotations: { ...annotations, ...others },
    },
    spec: { ...spec, ...changes },
  });
  const reported = (changes: object = {}, others?: Readonly<Record<string, string>>) =>
    leaderReport(lease(changes, others), now);

  it('is who leads, since when, in which term, and whether it goes on', () => {
    expect(reported()).to.deep.equal({
      namespace: 'rynxs',
      lease: 'rynxs-operator-leader',
      holder: 'rynxs-0_a',
      state: 'held',
      acquired: '2026-01-01T00:00:00.000000Z',
      renewed: '2026-01-01T00:04:58.500000Z',
      held_seconds: 300,
      renewed_seconds_ago: 1.5,
      lease_duration_seconds: 15,
      transitions: 3,
      epoch: 4,
      log_id: 'log-1',
      transfer_to: null,
    });
    expect(formatLeaderReport(reported())).to.equal(
      'leader       rynxs-0_a\n' +
        "state        held, as far as this machine's clock can tell: it was renewed within the 15 s that it lasts\n" +
        'since        2026-01-01T00:00:00.000000Z, 5m ago\n' +
        'renewed      2026-01-01T00:04:58.500000Z, 1s ago\n' +
        'epoch        4\n' +
        'log id       log-1\n' +
        'transitions  3\n' +
        'lease        rynxs/rynxs-operator-leader\n',
    );
  });

  it('looks expired exactly when it is older than it lasts', () => {
    expect(reported({ renewTime: '2026-01-01T00:04:45.000000Z' }).state).to.equal('held');
    const expired = reported({ renewTime: '2026-01-01T00:04:44.999000Z' });
    expect(expired.state).to.equal('looks_expired');
    expect(formatLeaderReport(expired)).to.include("looks expired by this machine's clock");
  });

  it('does not claim that a Lease without times or duration goes on', () => {
    expect(reported({ renewTime: undefined }).state).to.equal('looks_expired');
    expect(reported({ leaseDurationSeconds: undefined }).state).to.equal('looks_expired');
    expect(reported({ renewTime: 'soon' })).to.include({ renewed: null, renewed_seconds_ago: null });
  });

  it('is free once it was released', () => {
    const free = reported({ holderIdentity: '' });
    expect(free).to.include({ holder: null, state: 'free', held_seconds: null });
    expect(formatLeaderReport(free))
      .to.match(/^leader +none\nstate +free: it was released/)
      .and.match(/^released +2026-\S+, 1s ago$/m)
      .and.not.include('since');
  });

  it('says that clocks differ where a renewal lies ahead', () => {
    const ahead = reported({ renewTime: '2026-01-01T00:05:40.000000Z' });
    expect(formatLeaderReport(ahead)).to.include("40s ahead of this machine's clock");
  });

  it('tells of a term only when it is one', () => {
    for (const epoch of ['', '0', '-1', '1.5', 'x']) {
      expect(reported({}, { 'rynxs.universe.ai/epoch': epoch }).epoch, epoch).to.equal(null);
    }
  });

  it('tells of a transfer that was asked for', () => {
    const anybody = reported({}, { 'rynxs.universe.ai/transfer-to': '' });
    expect(anybody.transfer_to).to.equal('');
    expect(formatLeaderReport(anybody)).to.match(/^transfer to +anybody else$/m);
    expect(formatLeaderLine(reported({}, { 'rynxs.universe.ai/transfer-to': 'rynxs-1' }), 'T')).to.equal(
      'T rynxs-0_a: held, epoch 4, asked to go to rynxs-1',
    );
  });

  it('prints nothing that a terminal acts on', () => {
    expect(formatLeaderReport(reported({ holderIdentity: 'a\u001b[2J' }))).not.to.include('\u001b');
  });
});
