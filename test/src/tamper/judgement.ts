import {
  allCheckpoints,
  EventLog,
  type EventStore,
  hasCode,
  NoTelemetry,
  newestCheckpoints,
  type RynxsError,
} from '@rynxs/kernel';
import { FakeClock, seededRandom } from '@rynxs/kernel/testing';
import type { DamageKind } from '@rynxs/log';
import { expect } from 'chai';
import { type VerifyReport, verifyLog } from 'rynxs';
import { KeptAnchor, type RealLog } from './real-log.js';
import type { Place } from './store-kinds.js';
import { containersOf } from './stored-log.js';
import type { TamperedCopy } from './tampered-copy.js';

const { signal: NEVER } = new AbortController();

/** What a copy came to: how the auditor and the operator call it. */
export interface Verdict {
  readonly damage: DamageKind | 'none';
  readonly opening: string;
}

/** Verifies a copy as `rynxs log verify` does and opens it as the operator does; throws unless both say what is so. */
export async function judge(log: RealLog, copy: TamperedCopy, place: Place): Promise<Verdict> {
  place.put(copy.stored);
  const report = await verified(log, copy, place);
  mustBeRight(log, copy, report);
  const opening = await opened(log, copy, place);
  mustAgree(copy, report, opening);
  if (opening !== undefined)
    expect(sameBytes(place.take(), copy.stored), 'opening changed something').to.equal(true);
  return { damage: report.damage?.kind ?? 'none', opening: opening?.code ?? 'opened' };
}

/** The path of `rynxs log verify --key`, with the second look that it takes at a log that was rewritten. */
async function verified(log: RealLog, copy: TamperedCopy, place: Place): Promise<VerifyReport> {
  const trusted = [log.pinned];
  const anchors = copy.isAnchored ? [log.anchor] : [];
  const store = place.open();
  try {
    const total = await sizeOf(store);
    const newest = await newestCheckpoints(store, total, trusted, NEVER);
    const evidence = { trusted, anchors, checkpoints: newest.map(({ text }) => text) };
    const report = await verifyLog(store, { signal: NEVER, evidence });
    if (report.damage?.kind !== 'rewritten') return report;
    const checkpoints = (await allCheckpoints(store, total, NEVER)).map(({ text }) => text);
    return await verifyLog(store, { signal: NEVER, evidence: { ...evidence, checkpoints } });
  } finally {
    await store.close();
  }
}

async function sizeOf(store: EventStore): Promise<number> {
  try {
    return (await store.head(NEVER)).nextSeq;
  } catch {
    return 0;
  }
}

function mustBeRight(log: RealLog, copy: TamperedCopy, report: VerifyReport): void {
  const { damage } = report;
  const said = damage === null ? 'intact' : `seq ${damage.first_bad_seq}: ${damage.kind}: ${damage.detail}`;
  if (damage === null) {
    expect(copy.intact, `${said}, expected ${copy.kinds.join(' or ')} at ${copy.from}`).not.to.equal(
      undefined,
    );
    expect({ records: report.records, signedTo: (report.signed_to ?? -1) + 1 }).to.deep.equal(copy.intact);
    mustNotClaimTooMuch(log, copy, report);
    return;
  }
  expect(copy.kinds, said).to.include(damage.kind);
  expect(damage.first_bad_seq, said).to.be.within(copy.from, copy.to);
  // A record that stands a second time is not the first bad one: all before the place where it stands are good.
  if (damage.kind === 'duplicate') expect(damage.last_good_seq, said).to.be.at.least(damage.first_bad_seq);
  else expect(damage.last_good_seq ?? -1, said).to.be.at.most(damage.first_bad_seq - 1);
}

/** Whatever was done: what is said to be proven is as it was, and what is not is counted. */
function mustNotClaimTooMuch(log: RealLog, copy: TamperedCopy, report: VerifyReport): void {
  const proven = report.proven_to === null ? 0 : report.proven_to + 1;
  expect(report.unsigned_tail, 'the unsigned tail').to.equal(report.records - proven);
  expect(report.completeness).to.equal(proven === 0 ? 'not proven' : 'proven up to proven_to');
  const lines = containersOf(copy.stored).flatMap((container) => container.lines);
  if (lines.length > report.records)
    expect(report.unfinished, 'what stands behind the end').not.to.equal(null);
  const isAsWritten = log.lines.slice(0, proven).every((line, seq) => lines[seq]?.equals(line));
  expect(isAsWritten, `seq 0 to ${proven - 1} are said to be proven`).to.equal(true);
}

/** What opening the log for writing throws; undefined when it opens. */
async function opened(log: RealLog, copy: TamperedCopy, place: Place): Promise<RynxsError | undefined> {
  const anchor = new KeptAnchor(copy.isAnchored ? [[log.logId, log.anchor]] : []);
  const options = {
    store: place.open(),
    clock: new FakeClock(),
    random: seededRandom(1),
    telemetry: new NoTelemetry(),
    onRecord: () => undefined,
    keys: log.keys,
    anchor,
  };
  try {
    const opening = await EventLog.open(options, NEVER);
    await opening.close();
    return undefined;
  } catch (error) {
    for (const code of ['RYNXS_LOG_DAMAGED', 'RYNXS_LOG_ROLLED_BACK', 'RYNXS_LOG_FOREIGN'] as const) {
      if (hasCode(error, code)) return error as RynxsError;
    }
    throw error;
  }
}

/**
 * The operator refuses what the auditor objects to, and with the same reason. It goes on without what may be left of an
 * interrupted write, puts that aside, and says so in the log.
 */
function mustAgree(copy: TamperedCopy, { damage }: VerifyReport, refusal: RynxsError | undefined): void {
  if (damage === null) {
    expect(refusal?.message, 'the operator refuses what verifies').to.equal(undefined);
    return;
  }
  const { kind, detail } = damage;
  const mayBeTorn = copy.intact !== undefined && damage.in_last_commit;
  if (mayBeTorn && refusal === undefined) return;
  const isMissing = kind === 'truncated' || kind === 'rewritten';
  const codes =
    kind === 'foreign'
      ? ['RYNXS_LOG_FOREIGN']
      : isMissing
        ? ['RYNXS_LOG_ROLLED_BACK', 'RYNXS_LOG_DAMAGED']
        : ['RYNXS_LOG_DAMAGED'];
  expect(refusal?.code, `the operator opens what does not verify: ${kind}: ${detail}`).to.be.oneOf(codes);
}

function sameBytes(a: ReadonlyMap<string, Buffer>, b: ReadonlyMap<string, Buffer>): boolean {
  return a.size === b.size && [...a].every(([name, bytes]) => b.get(name)?.equals(bytes) === true);
}
