import { checkpointOrigin, formatCheckpointNote, NoteSigner, parseCheckpointNote } from '@rynxs/log';
import { expect } from 'chai';
import { leaderReport } from '../leadership/leader-report.js';
import { judgeAnchor } from './checks/anchor.js';
import { judgeVersion } from './checks/api-server.js';
import { judgeClock } from './checks/clocks.js';
import { judgeClaim } from './checks/leader.js';
import { judgeLeadersLog } from './checks/owner.js';
import { judgeProbe, judgeSpace } from './checks/store.js';
import { worstOf } from './finding.js';

const NOON = Date.parse('2026-01-01T12:00:00Z');

describe('what rynxs doctor makes of', () => {
  it('a version of Kubernetes: 1.24 and newer will do', () => {
    const statuses = ['v1.34.4', 'v1.24.0', '1.31+', 'v1.29.9-eks-2d5f260', 'v2.0.0'].map(
      (version) => judgeVersion(version, 'https://api').status,
    );
    expect(statuses).to.deep.equal(['ok', 'ok', 'ok', 'ok', 'ok']);
    expect(judgeVersion('v1.23.17', 'https://api')).to.deep.include({ status: 'failed' });
    expect(judgeVersion('', 'https://api').status).to.equal('warning');
  });

  it('several statuses: the worst', () => {
    expect(worstOf(['ok', 'failed', 'warning'])).to.equal('failed');
    expect(worstOf(['ok', 'skipped', 'warning'])).to.equal('warning');
    expect(worstOf(['skipped', 'ok'])).to.equal('ok');
    expect(worstOf([])).to.equal('skipped');
  });

  it('a race for one name in the store: one has to win', () => {
    expect(judgeProbe({ racers: 32, winners: 1 }, 'lease').status).to.equal('ok');
    expect(judgeProbe({ racers: 32, winners: 2 }, 'standalone').status).to.equal('warning');
    const unsafe = judgeProbe({ racers: 32, winners: 31 }, 'lease');
    expect(unsafe.status).to.equal('failed');
    expect(unsafe.message).to.include('no fence between writers: 31 of 32');
  });

  it('the space that is left', () => {
    const gibi = 2 ** 30;
    expect(judgeSpace('/logs', gibi, 0.85).status).to.equal('ok');
    expect(judgeSpace('/logs', gibi, 0.86).status).to.equal('warning');
    expect(judgeSpace('/logs', 63 * 2 ** 20, 0.5).status).to.equal('failed');
  });

  describe('a clock', () => {
    const judge = (server: number, tookMs = 100, boundMs = 15_000) =>
      judgeClock('the store', { server, askedAt: NOON, answeredAt: NOON + tookMs }, boundMs);

    it('that may be the same: it is told in whole seconds, and some time while it was asked', () => {
      expect(judge(NOON).status).to.equal('ok');
      expect(judge(NOON - 1_000).status).to.equal('ok');
      expect(judge(NOON + 5_000, 5_000).status).to.equal('ok');
    });

    it('that is apart by more than 2 s, one way or the other', () => {
      expect(judge(NOON + 2_101)).to.include({
        status: 'warning',
        message: 'the clock of the store is 2.0 s ahead of this one',
      });
      expect(judge(NOON + 2_100).status).to.equal('ok');
      expect(judge(NOON - 3_001)).to.include({
        status: 'warning',
        message: 'the clock of the store is 2.0 s behind this one',
      });
      expect(judge(NOON - 3_000).status).to.equal('ok');
    });

    it('that is apart by more than a claim lasts', () => {
      expect(judge(NOON + 15_101).status).to.equal('failed');
      expect(judge(NOON - 16_001).status).to.equal('failed');
      expect(judge(NOON - 16_001, 100, 60_000).status).to.equal('warning');
    });
  });

  describe('a Lease', () => {
    const report = (logId?: string) =>
      leaderReport(
        {
          metadata: {
            name: 'rynxs-operator-leader',
            annotations: logId === undefined ? {} : { 'rynxs.universe.ai/log-id': logId },
          },
          spec: { holderIdentity: 'rynxs-0_a', leaseDurationSeconds: 15 },
        },
        NOON,
      );

    it('that claims for longer or shorter than the settings say', () => {
      expect(judgeClaim(report(), 15_000)).to.deep.equal([]);
      // A Lease counts whole seconds.
      expect(judgeClaim(report(), 14_500)).to.deep.equal([]);
      expect(judgeClaim(report(), 10_000)[0]?.message).to.include('15 s').and.include('10 s');
      expect(judgeClaim(report(), 60_000)[0]?.status).to.equal('warning');
    });

    it('of a leader with another log', () => {
      expect(judgeLeadersLog(report('a'), 'a')[0]?.status).to.equal('ok');
      expect(judgeLeadersLog(report(), 'a')).to.deep.equal([]);
      expect(judgeLeadersLog(report('a'), 'b')[0]?.status).to.equal('failed');
    });
  });

  describe('an anchor', () => {
    const signer = NoteSigner.generate('rynxs');
    const note = (size: number, fill: number, signers = [signer]) =>
      parseCheckpointNote(
        formatCheckpointNote(
          { origin: checkpointOrigin('log'), size, root: Buffer.alloc(32, fill) },
          signers,
        ),
      );
    const log = { logId: 'log', size: 120, checkpoints: [note(100, 1)], trusted: [signer.verifier] };

    it('that the log has grown from', () => {
      expect(judgeAnchor(note(100, 1), log).status).to.equal('ok');
      expect(judgeAnchor(note(100, 1), { ...log, checkpoints: [] }).status).to.equal('ok');
      expect(
        judgeAnchor(note(100, 1), { ...log, checkpoints: [note(100, 7), note(100, 1)] }).status,
      ).to.equal('ok');
    });

    it('that knows more than there is', () => {
      expect(judgeAnchor(note(121, 1), log)).to.deep.include({
        status: 'failed',
        message: 'the log log has been rolled back: its anchor knows 121 records, and there are 120',
      });
    });

    it('that has another root', () => {
      expect(judgeAnchor(note(100, 2), log).message).to.include('rewritten');
    });

    it('that nobody has signed whom this operator trusts', () => {
      const other = NoteSigner.generate('other');
      expect(judgeAnchor(note(100, 1, [other]), log).status).to.equal('warning');
      expect(judgeAnchor(note(100, 1, []), { ...log, trusted: [] }).status).to.equal('ok');
    });
  });
});
