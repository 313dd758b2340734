import { damageOf, type EventStore, type StoreHead, THREAD_FROM_RECORDS } from '@rynxs/kernel';
import { Damage, RolledBack, type VerifiedCommit, ZERO_HASH } from '@rynxs/log';
import { readFailure } from '../log-reading/read-failure.js';
import {
  ChainVerification,
  type Evidence,
  FullVerification,
  ThreadedChainVerification,
  type Verification,
  type VerificationEnd,
} from './verification.js';
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
  const progress = new Progress(fromSeq);
  const { end, damage } = await verified(store, options, progress);
  const { result, log } = end?.audit ?? {};
  const signedTo = lastOf(result?.signedTo ?? 0);
  const anchoredTo = lastOf(result?.anchoredTo ?? 0);
  const provenTo = lastOf(Math.max(result?.signedTo ?? 0, result?.anchoredTo ?? 0));
  return {
    location: store.location,
    intact: damage === undefined,
    checked: fromSeq > 0 ? 'part' : evidence === undefined ? 'chain' : 'all',
    from_seq: progress.firstSeq,
    records: progress.records,
    commits: progress.commits,
    bytes: progress.bytes,
    head: progress.head,
    root: result?.root?.toString('base64') ?? null,
    epochs: end?.summary.epochs ?? null,
    log_id: end?.summary.logId ?? null,
    damage: damage ?? null,
    unfinished: end?.summary.unfinished ?? null,
    signed_to: signedTo,
    anchored_to: anchoredTo,
    unsigned_tail: progress.nextSeq - (provenTo === null ? progress.firstSeq : provenTo + 1),
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

/** How far the log has been verified, in whole commits. */
class Progress {
  records = 0;
  commits = 0;
  bytes = 0;
  head: VerifyReport['head'] = null;
  firstSeq: number;

  constructor(fromSeq: number) {
    this.firstSeq = fromSeq;
  }

  get nextSeq(): number {
    return this.head === null ? this.firstSeq : this.head.seq + 1;
  }

  add({ firstSeq, count, bytes, headHash }: VerifiedCommit, commits = 1): void {
    if (this.head === null) this.firstSeq = firstSeq;
    this.records += count;
    this.commits += commits;
    this.bytes += bytes;
    this.head = { seq: firstSeq + count - 1, hash: headHash };
  }
}

interface Outcome {
  readonly end?: VerificationEnd;
  readonly damage?: DamageReport;
}

async function verified(store: EventStore, options: VerifyOptions, progress: Progress): Promise<Outcome> {
  const { signal, onProgress, fromSeq = 0 } = options;
  let unreported = 0;
  let isTrailing = false;
  try {
    // Where the driver says that the log ends; what is read must get there.
    const head = await headOf(store, signal);
    const records = head instanceof Damage ? head.seq : head.nextSeq;
    await using verification = verificationOf(options, records, progress);
    for await (const chunk of store.read(fromSeq, signal)) {
      await verification.push(chunk);
      unreported += chunk.byteLength;
      if (unreported < PROGRESS_EVERY_BYTES) continue;
      unreported = 0;
      onProgress?.(progress.records);
    }
    if (head instanceof Damage) {
      await verification.finish();
      throw head;
    }
    await verification.settle();
    isTrailing = progress.nextSeq >= head.nextSeq;
    // A store shows whole commits only, and takes a last one that does not verify for the rest of an interrupted write.
    const trailing = await store.trailing?.(signal);
    if (trailing !== undefined) await verification.push(trailing);
    const end = await verification.finish();
    mustReach(head, progress);
    return { end };
  } catch (error) {
    signal.throwIfAborted();
    const damage = damageOf(error);
    if (damage === undefined) throw readFailure(store, error);
    return { damage: damageReport(damage, isTrailing && !(damage instanceof RolledBack)) };
  }
}

/** What is best for so many records. */
function verificationOf(
  { fromSeq = 0, evidence }: VerifyOptions,
  records: number,
  progress: Progress,
): Verification {
  const onCommit = (commit: VerifiedCommit): void => progress.add(commit);
  const isLong = records >= THREAD_FROM_RECORDS;
  if (evidence !== undefined && fromSeq === 0) return new FullVerification(evidence, onCommit, isLong);
  if (fromSeq > 0 || !isLong) return new ChainVerification(fromSeq, onCommit);
  return new ThreadedChainVerification((run) => progress.add(run, run.commits));
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

function mustReach({ nextSeq, hash = ZERO_HASH }: StoreHead, progress: Progress): void {
  const { nextSeq: reached, head } = progress;
  if (reached > nextSeq || head === null) return;
  const at = { offset: progress.bytes, lastGoodSeq: head.seq };
  if (reached < nextSeq) {
    const detail = `the log ends before seq ${reached}, and its store says that it reaches seq ${nextSeq - 1}`;
    throw new Damage({ kind: 'truncated', seq: reached, detail, ...at });
  }
  if (reached === nextSeq && head.hash !== hash) {
    const detail = `the log ends with the hash ${head.hash}, its store says ${hash}`;
    throw new Damage({ kind: 'chain_broken', seq: nextSeq - 1, detail, ...at });
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
