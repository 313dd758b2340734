import { ClusterError, hasCode } from '@rynxs/kernel';
import { expect } from 'chai';
import { Election, type Library, SETTINGS, withAnnotations, withSpec } from './election.js';
import type { Fate, SentRequest } from './lease-network.js';

/** A rule of leadership, as a test of an elector. */
export interface Rule {
  /** Which of the rules in docs/SPLIT_BRAIN.md it belongs to. */
  readonly number: number;
  /** Rejects when the elector of `library` breaks it. */
  check(library: Library): Promise<void>;
}

const HANGS: Fate = { isLost: true };

/** Fates in turn, for requests of one verb; what comes after goes well. */
function inTurn(verb: SentRequest['verb'], ...fates: readonly Fate[]): (request: SentRequest) => Fate {
  const left = [...fates];
  return (request) => (request.verb === verb ? (left.shift() ?? {}) : {});
}

function isLost(assert: () => void): boolean {
  try {
    assert();
    return false;
  } catch (error) {
    if (hasCode(error, 'RYNXS_LEADERSHIP_LOST')) return true;
    throw error;
  }
}

/** The rules that an elector keeps. Each has a name of its own, so that a broken one can name the test that notices. */
export const RULES = {
  'a tenure ends renewDeadline after its last renewal was sent': {
    number: 1,
    check: async (library) => {
      const election = new Election(library);
      const { network, tenure } = await election.leader();
      network.fate = inTurn('update', { answeredAfterMs: 1_000 });
      const before = network.sent.length;
      await election.until(() => network.sent.length > before);
      const sentAt = network.sent.at(-1)?.atMs ?? 0;
      await election.clock.advance(1_000);
      network.cut();
      await election.until(() => tenure.signal.aborted);
      expect(election.clock.monotonic() - sentAt).to.be.within(9_900, 10_010);
    },
  },
  'a candidate times the holder by what it has seen, not by the times in the record': {
    number: 1,
    check: async (library) => {
      for (const renewTime of ['2001-01-01T00:00:00.000000Z', '2099-01-01T00:00:00.000000Z']) {
        const election = new Election(library);
        await election.make({ holderIdentity: 'other', leaseDurationSeconds: 15, renewTime });
        const candidate = election.replica();
        const tookMs = await election.until(() => candidate.tenure !== undefined);
        expect(tookMs).to.be.within(15_000, 17_000);
      }
    },
  },
  'a candidate waits for as long as the holder claims, and no less than its own leaseDuration': {
    number: 1,
    check: async (library) => {
      for (const [leaseDurationSeconds, waitMs] of [
        [60, 60_000],
        [1, 15_000],
      ] as const) {
        const election = new Election(library);
        await election.make({ holderIdentity: 'other', leaseDurationSeconds });
        const candidate = election.replica();
        const tookMs = await election.until(() => candidate.tenure !== undefined, 70_000);
        expect(tookMs).to.be.within(waitMs, waitMs + 2_000);
      }
    },
  },
  'an answer that says nothing is no renewal': {
    number: 1,
    check: async (library) => {
      const election = new Election(library);
      const { network, tenure } = await election.leader();
      const lastAt = network.sent.at(-1)?.atMs ?? 0;
      network.fate = () => ({ isAnswerLost: true });
      await election.until(() => tenure.signal.aborted);
      expect(election.clock.monotonic() - lastAt).to.be.within(9_900, 10_010);
    },
  },
  'the signal aborts at the deadline, whatever hangs': {
    number: 2,
    check: async (library) => {
      const election = new Election(library);
      const { network, tenure } = await election.leader();
      network.fate = () => HANGS;
      await election.clock.advance(9_000);
      expect(tenure.signal.aborted).to.equal(false);
      await election.clock.advance(1_100);
      expect(tenure.signal.aborted).to.equal(true);
      expect(hasCode(tenure.signal.reason, 'RYNXS_LEADERSHIP_LOST')).to.equal(true);
    },
  },
  'the time-out of a renewal does not exceed what is left': {
    number: 2,
    check: async (library) => {
      const election = new Election(library);
      const { network, tenure } = await election.leader();
      const lastAt = network.sent.at(-1)?.atMs ?? 0;
      const before = network.sent.length;
      network.fate = () => HANGS;
      await election.until(() => tenure.signal.aborted);
      const requests = network.sent.slice(before);
      expect(requests.length).to.be.above(4);
      for (const { atMs, timeoutMs } of requests) expect(atMs + timeoutMs).to.be.at.most(lastAt + 10_000);
    },
  },
  'timings that let two lead at a time are refused': {
    number: 3,
    check: async ({ checkedTimings }) => {
      const refusal = (changes: Partial<typeof SETTINGS>) => {
        try {
          checkedTimings({ ...SETTINGS, ...changes });
          return 'accepted';
        } catch (error) {
          return (error as Error).message;
        }
      };
      expect(refusal({})).to.equal('accepted');
      expect(refusal({ leaseDuration: 14_693 })).to.include(
        'renewDeadline 10s + retryPeriod 2s + requestTimeout 1.2s + margin 1.494s = 14.694s must be less than leaseDuration 14.693s',
      );
      expect(refusal({ requestTimeout: 1_350 })).to.include('must be less than leaseDuration 15s');
      expect(refusal({ retryPeriod: 2_300 })).to.include('must be less than leaseDuration 15s');
      expect(refusal({ renewDeadline: 3_000, retryPeriod: 1_800 })).to.include(
        'retryPeriod 1.8s + requestTimeout 1.2s = 3s must be less than renewDeadline 3s',
      );
    },
  },
  'the whole time-out of a write must fit before the deadline': {
    number: 4,
    check: async (library) => {
      const election = new Election(library);
      const { network, tenure } = await election.leader();
      network.cut();
      tenure.assert(9_900);
      await election.clock.advance(8_900);
      tenure.assert(1_000);
      expect(isLost(() => tenure.assert(1_200))).to.equal(true);
      expect(tenure.signal.aborted).to.equal(false);
    },
  },
  'a process that stalled past its deadline may not write, although no timer has fired': {
    number: 4,
    check: async (library) => {
      const election = new Election(library);
      const { clock, tenure } = await election.leader();
      tenure.assert(0);
      clock.stall(10_001);
      expect(isLost(() => tenure.assert(0))).to.equal(true);
      expect(tenure.signal.aborted).to.equal(true);
    },
  },
  'a process whose clocks have diverged may not write': {
    number: 4,
    check: async (library) => {
      for (const jumpMs of [-1_600, 1_600]) {
        const election = new Election(library);
        const { tenure } = await election.leader();
        election.clock.setWallClock(election.clock.now() + jumpMs / 4);
        tenure.assert(0);
        election.clock.setWallClock(election.clock.now() + jumpMs);
        expect(isLost(() => tenure.assert(0))).to.equal(true);
        expect(tenure.signal.aborted).to.equal(true);
      }
    },
  },
  'two processes never have the same identity': {
    number: 5,
    check: async (library) => {
      const election = new Election(library);
      const first = await election.leader('pod');
      const second = election.replica('pod');
      await first.stop();
      await election.until(() => second.tenure !== undefined);
      expect(first.tenures[0]?.holder).to.match(/^pod_[0-9a-f-]{36}$/);
      expect(second.tenure?.holder).to.match(/^pod_[0-9a-f-]{36}$/);
      expect(second.tenure?.holder).not.to.equal(first.tenures[0]?.holder);
    },
  },
  'a takeover that arrives late changes nothing': {
    number: 7,
    check: async (library) => {
      const election = new Election(library);
      await election.make({ holderIdentity: '' });
      const late = election.replica('late');
      late.network.fate = inTurn('update', { arrivesAfterMs: 5_000 });
      await election.until(() => late.network.sent.some(({ verb }) => verb === 'update'));
      const prompt = await election.leader('prompt');
      await election.clock.advance(10_000);
      expect(await election.holder()).to.equal(prompt.tenure.holder);
      expect(late.tenures).to.have.lengthOf(0);

      // Decided on what was seen long ago is as good as late.
      const blind = election.replica('blind', { isWatching: false });
      await election.clock.advance(3_000);
      blind.network.fate = ({ verb }) => (verb === 'get' ? HANGS : {});
      await election.until(() => blind.network.sent.some(({ verb }) => verb === 'update'));
      await election.clock.advance(10_000);
      expect(await election.holder()).to.equal(prompt.tenure.holder);
      expect(blind.tenures).to.have.lengthOf(0);
    },
  },
  'a release empties the Lease, after the signal has aborted': {
    number: 8,
    check: async (library) => {
      const election = new Election(library);
      const { network, tenure } = await election.leader();
      let wasAborted: boolean | undefined;
      network.fate = () => {
        wasAborted ??= tenure.signal.aborted;
        return {};
      };
      await tenure.release();
      expect(wasAborted).to.equal(true);
      expect(isLost(() => tenure.assert(0))).to.equal(true);
      expect(await election.holder()).to.equal('');
    },
  },
  'who has lost or released the Lease lets others go first': {
    number: 8,
    check: async (library) => {
      const election = new Election(library);
      const { tenures, tenure } = await election.leader();
      await tenure.release();
      await election.clock.advance(1_990);
      expect(tenures).to.have.lengthOf(1);
      const tookMs = await election.until(() => tenures.length === 2);
      expect(tookMs).to.be.at.most(2_100);
    },
  },
  'a release is seen at once': {
    number: 9,
    check: async (library) => {
      const election = new Election(library);
      const first = await election.leader('first');
      const second = election.replica('second');
      await election.clock.advance(7_000);
      void first.tenure.release();
      expect(await election.until(() => second.tenure !== undefined)).to.be.below(100);
    },
  },
  'without a watch the Lease is asked for, once in a retry period': {
    number: 9,
    check: async (library) => {
      const election = new Election(library);
      const first = await election.leader('first');
      const second = election.replica('second', { isWatching: false });
      await election.clock.advance(20_000);
      expect(second.network.sent.length).to.be.within(8, 10);
      void first.tenure.release();
      expect(await election.until(() => second.tenure !== undefined)).to.be.at.most(2_500);
    },
  },
  'one failed call never ends a tenure before its deadline': {
    number: 10,
    check: async (library) => {
      for (const reason of ['conflict', 'unavailable', 'denied', 'invalid', 'throttled'] as const) {
        const election = new Election(library);
        const { network, tenure } = await election.leader();
        network.fate = inTurn('update', { refusal: new ClusterError(reason, `refused: ${reason}`) });
        await election.clock.advance(30_000);
        expect(tenure.signal.aborted, reason).to.equal(false);
        tenure.assert(5_000);
      }
    },
  },
  'a conflict is tried again from a fresh read': {
    number: 10,
    check: async (library) => {
      const election = new Election(library);
      const { network, tenure, telemetry } = await election.leader();
      const refusal = new ClusterError('conflict', 'modified');
      network.fate = inTurn('update', { refusal }, { refusal }, { refusal });
      const before = network.sent.length;
      await election.clock.advance(9_000);
      expect(
        network.sent
          .slice(before)
          .map(({ verb }) => verb)
          .join(' '),
      ).to.match(/^update get update get update get update/);
      tenure.assert(5_000);
      expect(telemetry.value(FAILURES, { reason: 'conflict_retries_exhausted' })).to.equal(0);
    },
  },
  'conflicts without end are given up, and said': {
    number: 10,
    check: async (library) => {
      const election = new Election(library);
      const { network, tenure, telemetry, log } = await election.leader();
      network.fate = (request) =>
        request.verb === 'update' ? { refusal: new ClusterError('conflict', 'modified') } : {};
      await election.until(() => tenure.signal.aborted);
      expect(telemetry.value(FAILURES, { reason: 'conflict_retries_exhausted' })).to.be.at.least(1);
      expect(telemetry.value(FAILURES, { reason: 'lost_lease_during_renew' })).to.equal(1);
      const messages = log.lines.map(({ message }) => message);
      expect(messages).to.include('Leader election error: conflict_retries_exhausted');
    },
  },
  'a renewal whose answer was lost counts from its sending, once a fresh read shows it': {
    number: 10,
    check: async (library) => {
      const election = new Election(library);
      const { network, tenure } = await election.leader();
      network.fate = inTurn('update', { isAnswerLost: true });
      const before = network.sent.length;
      await election.until(() => network.sent.length > before);
      const sentAt = network.sent.at(-1)?.atMs ?? 0;
      await election.until(() => network.sent.length > before + 1);
      await election.clock.advance(10);
      network.cut();
      await election.until(() => tenure.signal.aborted);
      expect(election.clock.monotonic() - sentAt).to.be.within(9_900, 10_010);
    },
  },
  'a takeover whose answer was lost is one, and counts from its sending': {
    number: 10,
    check: async (library) => {
      const election = new Election(library);
      await election.make({ holderIdentity: '' });
      const { network, ...replica } = election.replica();
      network.fate = (request) => (request.verb === 'update' ? { isAnswerLost: true } : {});
      await election.until(() => replica.tenures.length > 0);
      const sentAt = network.sent.find(({ verb }) => verb === 'update')?.atMs ?? 0;
      network.cut();
      await election.until(() => replica.tenures[0]?.signal.aborted === true);
      expect(election.clock.monotonic() - sentAt).to.be.within(9_900, 10_010);
    },
  },
  'who has not seen the holder do nothing for a leaseDuration holds off for as long': {
    number: 11,
    check: async (library) => {
      const absent = new Election(library);
      expect((await absent.leader()).tenure.holdOffMs).to.equal(15_000);

      const emptied = new Election(library);
      const first = await emptied.leader('first');
      const second = emptied.replica('second');
      await emptied.clock.advance(5_000);
      first.network.cut();
      await emptied.edit(withSpec({ holderIdentity: '' }));
      await emptied.until(() => second.tenure !== undefined);
      expect(second.tenure?.holdOffMs).to.equal(15_000);

      const deleted = new Election(library);
      const leader = await deleted.leader('first');
      const other = deleted.replica('second');
      await deleted.clock.advance(5_000);
      leader.network.cut();
      await deleted.delete();
      await deleted.until(() => other.tenure !== undefined);
      expect(other.tenure?.holdOffMs).to.equal(15_000);
    },
  },
  'who has seen the holder do nothing for a leaseDuration acts at once': {
    number: 11,
    check: async (library) => {
      const election = new Election(library);
      const first = await election.leader('first');
      const second = election.replica('second');
      await election.clock.advance(5_000);
      first.network.cut();
      const tookMs = await election.until(() => second.tenure !== undefined);
      expect(tookMs).to.be.within(12_500, 17_000);
      expect(first.tenure).to.equal(undefined);
      expect(second.tenure?.holdOffMs).to.equal(0);
    },
  },
  'a Lease that was deleted, emptied or given away by hand ends the tenure': {
    number: 11,
    check: async (library) => {
      for (const change of ['delete', 'empty', 'give away'] as const) {
        const election = new Election(library);
        const { tenure, telemetry } = await election.leader();
        await election.clock.advance(5_000);
        if (change === 'delete') await election.delete();
        else await election.edit(withSpec({ holderIdentity: change === 'empty' ? '' : 'by-hand' }));
        expect(await election.until(() => tenure.signal.aborted), change).to.be.at.most(2_100);
        expect(telemetry.value(FAILURES, { reason: 'lost_lease_during_renew' })).to.equal(1);
      }
    },
  },
  'no more than two requests are made in a retry period, whatever goes wrong': {
    number: 10,
    check: async (library) => {
      const refusals = ['conflict', 'ambiguous', 'unavailable'] as const;
      for (const seed of [1, 2, 3]) {
        const election = new Election(library, seed * 100);
        const { network } = await election.leader();
        let count = 0;
        network.fate = () => {
          count += 1;
          const reason = refusals[(count + seed) % 4];
          return reason === undefined ? {} : { refusal: new ClusterError(reason, 'refused') };
        };
        await election.clock.advance(120_000);
        const times = network.sent.map(({ atMs }) => atMs);
        expect(times.length).to.be.above(60);
        for (const [index, atMs] of times.entries()) {
          const third = times[index + 2];
          if (third !== undefined) expect(third - atMs).to.be.at.least(1_999.9);
        }
      }
    },
  },
  'who is asked to hand over says so, and does not come back before another has had its turn': {
    number: 8,
    check: async (library) => {
      const election = new Election(library);
      const first = await election.leader('first');
      const { tenure } = first;
      await election.edit(withAnnotations({ [TRANSFER]: '' }));
      await election.until(() => tenure.handover.aborted, 100);
      expect(tenure.signal.aborted).to.equal(false);
      await tenure.release();
      await election.clock.advance(14_900);
      expect(first.tenures).to.have.lengthOf(1);
      await election.until(() => first.tenures.length === 2, 5_000);
      expect((await election.lease())?.metadata.annotations).not.to.have.property(TRANSFER);
    },
  },
  'who is not asked for lets the one that is go first': {
    number: 8,
    check: async (library) => {
      const election = new Election(library);
      const first = await election.leader('first');
      const second = election.replica('second');
      const third = election.replica('third');
      await election.clock.advance(3_000);
      await election.edit(withAnnotations({ [TRANSFER]: 'third' }));
      await election.until(() => first.tenures[0]?.handover.aborted === true, 100);
      void first.tenures[0]?.release();
      await election.until(() => third.tenure !== undefined, 1_000);
      expect(second.tenures).to.have.lengthOf(0);
    },
  },
} satisfies Readonly<Record<string, Rule>>;

const FAILURES = 'rynxs_leader_election_failures_total';
const TRANSFER = 'rynxs.universe.ai/transfer-to';

export type RuleName = keyof typeof RULES;
