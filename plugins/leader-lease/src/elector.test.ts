import { ClusterError } from '@rynxs/kernel';
import { expect } from 'chai';
import * as library from './index.js';
import { Election, withAnnotations, withSpec } from './testing/election.js';

const FAILURES = 'rynxs_leader_election_failures_total';

describe('LeaseElector', () => {
  let election: Election;
  beforeEach(() => {
    election = new Election(library);
  });

  it('announces the term in the Lease at once, and forgets the one before', async () => {
    const first = await election.leader('first');
    first.tenure.announce({ epoch: 3, logId: 'abc' });
    await election.clock.advance(100);
    expect(library.readLease((await election.lease())!)).to.include({ epoch: 3, logId: 'abc' });
    await first.stop();
    const second = await election.leader('second');
    expect(library.readLease((await election.lease())!)).to.include({ epoch: undefined, logId: 'abc' });
    await second.stop();
  });

  it('warns when the leader before wrote another log', async () => {
    const first = await election.leader('first');
    first.tenure.announce({ epoch: 3, logId: 'abc' });
    await election.clock.advance(100);
    await first.stop();
    const second = await election.leader('second');
    second.tenure.announce({ epoch: 4, logId: 'abc' });
    const warnings = () => second.log.lines.filter(({ level }) => level === 'warn');
    expect(warnings()).to.have.lengthOf(0);
    second.tenure.announce({ epoch: 1, logId: 'def' });
    expect(warnings().map(({ fields }) => fields)).to.deep.equal([{ logId: 'def', before: 'abc' }]);
  });

  it('makes one request in a retry period when all goes well, and none while another leads', async () => {
    const first = await election.leader('first');
    const second = election.replica('second');
    await election.clock.advance(10_000);
    first.network.sent.length = 0;
    second.network.sent.length = 0;
    await election.clock.advance(60_000);
    expect(first.network.sent.length).to.be.within(30, 34);
    expect(second.network.sent).to.have.lengthOf(0);
  });

  it('counts all reasons from the start', () => {
    const { telemetry } = election.replica();
    for (const reason of [
      'api_error',
      'conflict_retries_exhausted',
      'lost_lease_during_renew',
      'lost_takeover_race',
      'api_error_during_retry',
    ]) {
      expect(telemetry.value(FAILURES, { reason }), reason).to.equal(0);
    }
  });

  it('says Forbidden when a permission is missing, goes on trying, and leads once it is there', async () => {
    const replica = election.replica();
    const error = new ClusterError(
      'denied',
      'cannot create leases: 403 Forbidden (allow it with this rule…)',
      403,
    );
    replica.network.fate = () => ({ refusal: error });
    await election.clock.advance(20_000);
    const lines = replica.log.lines.filter(({ message }) => message === 'Leader election error: Forbidden');
    expect(lines).to.have.lengthOf(1);
    expect(lines[0]?.level).to.equal('error');
    expect(lines[0]?.fields.error).to.equal(error);
    expect(replica.telemetry.value(FAILURES, { reason: 'api_error' })).to.be.within(5, 10);
    replica.network.fate = () => ({});
    expect(await election.until(() => replica.tenure !== undefined)).to.be.at.most(2_500);
  });

  it('counts a race that was lost, and a read that failed after it', async () => {
    await election.make({ holderIdentity: '' });
    const [one, other] = [election.replica('one'), election.replica('other')];
    other.network.fate = ({ verb }) =>
      verb === 'update' ? { arrivesAfterMs: 100 } : { refusal: new ClusterError('unavailable', 'down') };
    await election.until(() => one.tenure !== undefined);
    await election.clock.advance(3_000);
    expect(other.telemetry.value(FAILURES, { reason: 'api_error_during_retry' })).to.equal(1);
    expect(other.tenures).to.have.lengthOf(0);

    const third = election.replica('third');
    third.network.fate = ({ verb }) => (verb === 'update' ? { arrivesAfterMs: 100 } : {});
    void one.tenure?.release();
    await election.clock.advance(5_000);
    const lost = [other, third].map(({ telemetry }) =>
      telemetry.value(FAILURES, { reason: 'lost_takeover_race' }),
    );
    expect(lost).to.include(1);
  });

  it('is not put off by a wish to hand over to itself, and takes it away', async () => {
    const { tenure } = await election.leader('pod');
    const asked = withAnnotations({ [library.TRANSFER_ANNOTATION]: 'pod' });
    for (let round = 0; round < 2; round += 1) {
      await election.edit(asked);
      await election.clock.advance(4_500);
      expect((await election.lease())?.metadata.annotations).not.to.have.property(
        library.TRANSFER_ANNOTATION,
      );
    }
    expect(tenure.handover.aborted).to.equal(false);
    tenure.assert(5_000);
  });

  it('does not heed a wish of an earlier tenure of its own that its watch tells late', async () => {
    const replica = election.replica('pod', { isWatching: false });
    await election.until(() => replica.tenure !== undefined);
    await election.edit(withAnnotations({ [library.TRANSFER_ANNOTATION]: '' }));
    const late = (await election.lease())!;
    await election.until(() => replica.tenure?.handover.aborted === true);
    void replica.tenure?.release();
    await election.until(() => replica.tenures.length === 2);
    replica.network.unanswered.receive({ type: 'modified', object: late });
    expect(replica.tenure?.handover.aborted).to.equal(false);
    await election.edit(withAnnotations({ [library.TRANSFER_ANNOTATION]: '' }));
    replica.network.unanswered.receive({ type: 'modified', object: (await election.lease())! });
    expect(replica.tenure?.handover.aborted).to.equal(true);
  });

  it('goes on when somebody writes beside the record', async () => {
    const { tenure, telemetry } = await election.leader();
    for (let edit = 0; edit < 20; edit += 1) {
      await election.edit(withAnnotations({ note: `${edit}` }));
      await election.clock.advance(700);
    }
    tenure.assert(5_000);
    expect((await election.lease())?.metadata.annotations?.note).to.equal('19');
    expect(telemetry.value(FAILURES, { reason: 'lost_lease_during_renew' })).to.equal(0);
  });

  it('puts right what somebody has edited in the record but the holder', async () => {
    const { tenure } = await election.leader();
    await election.edit(
      withSpec({ leaseDurationSeconds: 100_000, renewTime: '2001-01-01T00:00:00.000000Z' }),
    );
    await election.clock.advance(5_000);
    tenure.assert(5_000);
    expect((await election.lease())?.spec).to.include({ leaseDurationSeconds: 15 });
  });

  it('releases what it has, also when the first attempt fails', async () => {
    const replica = await election.leader();
    let count = 0;
    replica.network.fate = ({ verb }) => {
      if (verb !== 'update') return {};
      count += 1;
      return count === 1 ? { refusal: new ClusterError('unavailable', 'restarting') } : {};
    };
    await replica.stop();
    expect(await election.holder()).to.equal('');
  });

  it('gives up a release that hangs, and says that the Lease expires', async () => {
    const replica = await election.leader();
    replica.network.cut();
    const from = election.clock.monotonic();
    await replica.stop();
    expect(election.clock.monotonic() - from).to.be.at.most(2_600);
    expect(replica.log.lines.map(({ message }) => message)).to.include(
      'the Lease could not be released; it expires by itself',
    );
  });

  it('leaves the Lease of another alone when it releases what it had', async () => {
    const replica = await election.leader();
    await election.edit(withSpec({ holderIdentity: 'by-hand' }));
    await replica.tenure.release();
    expect(await election.holder()).to.equal('by-hand');
  });

  it('leads again after its deadline has passed, as soon as the API answers', async () => {
    const replica = await election.leader();
    replica.network.cut();
    await election.until(() => replica.tenure === undefined);
    await election.clock.advance(30_000);
    replica.network.fate = () => ({});
    expect(await election.until(() => replica.tenures.length === 2)).to.be.at.most(18_000);
  });
});
