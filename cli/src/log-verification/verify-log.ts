import { damageOf, type EventStore, type StoreHead } from '@rynxs/kernel';
import { THREAD_FROM_RECORDS } from '@rynxs/kernel/threads';
import { Damage, RolledBack, type VerifiedCommit } from '@rynxs/log';
import { readFailure } from '../log-reading/read-failure.js';
import { chainInHalves } from './chain-in-halves.js';
import {
  ChainVerification,
  type Evidence,
  FullVerification,
  type Verification,
  type VerificationEnd,
} from './verification.js';
import { VerifiedPart } from './verified-part.js';
import {
  type DamageReport,
  keyReport,
  recoveryReport,
  untrustedReport,
  type VerifyReport,
} from './verify-report.js';

export interface VerifyOptions {
  readonly signal: AbortSignal;
  /** What the log is checked against besides itself; without it only the chain is verified. */
  readonly evidence?: Evidence;
  /** Only the chain, from the commit that holds this record. */
  readonly fromSeq?: number;
  /** Called now and then with the number of records verified so far. */
  readonly onProgress?: (records: number) => void;
}

const PROGRESS_EVERY_BYTES = 1024 * 1024;

/**
 * Reads a log and checks every record, in constant memory. Damage is a result, not an error. Throws
 * RYNXS_LOG_UNAVAILABLE when the log cannot be read.
 */
export async function verifyLog(store: EventStore, options: VerifyOptions): Promise<VerifyReport> {
  const started = performance.now();
  const { fromSeq = 0, evidence } = options;
  const { verified, end, damage } = await verify(store, options);
  const { result, log } = end?.audit ?? {};
  const signedTo = lastOf(result?.signedTo ?? 0);
  const anchoredTo = lastOf(result?.anchoredTo ?? 0);
  const provenTo = lastOf(Math.max(result?.signedTo ?? 0, result?.anchoredTo ?? 0));
  return {
    location: store.location,
    intact: damage === undefined,
    checked: fromSeq > 0 ? 'part' : evidence === undefined ? 'chain' : 'all',
    from_seq: verified.firstSeq,
    records: verified.records,
    commits: verified.commits,
    bytes: verified.bytes,
    head: verified.head,
    root: result?.root?.toString('base64') ?? null,
    epochs: end?.summary.epochs ?? null,
    log_id: end?.summary.logId ?? null,
    damage: damage ?? null,
    unfinished: end?.summary.unfinished ?? null,
    signed_to: signedTo,
    anchored_to: anchoredTo,
    unsigned_tail: verified.nextSeq - (provenTo === null ? verified.firstSeq : provenTo + 1),
    trust: (evidence?.trusted.length ?? 0) > 0 ? 'key' : 'none',
    proven_to: provenTo,
    completeness: provenTo === null ? 'not proven' : 'proven up to proven_to',
    untrusted_checkpoints: (result?.untrusted ?? []).map(untrustedReport),
    keys: (log?.position.ledger.state.keys ?? []).map(keyReport),
    recoveries: (log?.position.ledger.state.recoveries ?? []).map(recoveryReport),
    elapsed_ms: Math.round(performance.now() - started),
  };
}

/** The last record of a tree of `size`. */
function lastOf(size: number): number | null {
  return size === 0 ? null : size - 1;
}

interface Outcome {
  readonly verified: VerifiedPart;
  readonly end?: VerificationEnd;
  readonly damage?: DamageReport;
}

async function verify(store: EventStore, options: VerifyOptions): Promise<Outcome> {
  const { signal, onProgress, evidence, fromSeq = 0 } = options;
  const verified = new VerifiedPart(fromSeq);
  let unreported = 0;
  let isTrailing = false;
  try {
    // Where the driver says that the log ends; what is read must get there.
    const head = await headOf(store, signal);
    const isLong = (head instanceof Damage ? head.seq : head.nextSeq) >= THREAD_FROM_RECORDS;
    if (isLong && evidence === undefined && fromSeq === 0 && !(head instanceof Damage)) {
      const halves = await chainInHalves(store, head, onProgress, signal);
      if (halves !== undefined) return halves;
    }
    await using verification = verificationOf(options, isLong, verified);
    for await (const chunk of store.read(fromSeq, signal)) {
      await verification.push(chunk);
      unreported += chunk.byteLength;
      if (unreported < PROGRESS_EVERY_BYTES) continue;
      unreported = 0;
      onProgress?.(verified.records);
    }
    if (head instanceof Damage) {
      await verification.finish();
      throw head;
    }
    isTrailing = verified.nextSeq >= head.nextSeq;
    // A store shows whole commits only, and takes a last one that does not verify for the rest of an interrupted write.
    const trailing = await store.trailing?.(signal);
    if (trailing !== undefined) await verification.push(trailing);
    const end = await verification.finish();
    verified.mustReach(head);
    return { verified, end };
  } catch (error) {
    signal.throwIfAborted();
    const damage = damageOf(error);
    if (damage === undefined) throw readFailure(store, error);
    return { verified, damage: damageReport(damage, isTrailing && !(damage instanceof RolledBack)) };
  }
}

function verificationOf(
  { fromSeq = 0, evidence }: VerifyOptions,
  isLong: boolean,
  verified: VerifiedPart,
): Verification {
  const onCommit = (commit: VerifiedCommit): void => verified.add(commit);
  if (evidence === undefined || fromSeq > 0) return new ChainVerification(fromSeq, onCommit);
  return new FullVerification(evidence, onCommit, isLong);
}

/** A driver looks for the head at the end: what it finds wrong there need not be the first damage. */
async function headOf(store: EventStore, signal: AbortSignal): Promise<StoreHead | Damage> {
  try {
    return await store.head(signal);
  } catch (error) {
    const damage = damageOf(error);
    if (damage === undefined) throw error;
    return damage;
  }
}

function damageReport(damage: Damage, inLastCommit: boolean): DamageReport {
  const { kind, seq, lastGoodSeq, offset, detail } = damage;
  const known = damage instanceof RolledBack ? damage : undefined;
  return {
    kind,
    first_bad_seq: seq,
    last_good_seq: lastGoodSeq ?? null,
    offset,
    detail,
    in_last_commit: inLastCommit,
    known_size: known?.knownSize ?? null,
    last_ts: known?.lastTs ?? null,
  };
}
