import type { EventStore } from '@rynxs/kernel';
import { ChainVerifier, type DamageKind, type VerificationSummary } from '@rynxs/log';
import { damageOf, readFailure } from './read-failure.js';
import { trailingBytes } from './trailing-bytes.js';

/** What verifying a log found. Names are those of `rynxs log verify --output json`. */
export interface VerifyReport {
  readonly location: string;
  /** Whether everything that was checked is as it was written. */
  readonly intact: boolean;
  /** Records, commits and bytes that verified, in whole commits. */
  readonly records: number;
  readonly commits: number;
  readonly bytes: number;
  /** The last record that verified. */
  readonly head: { readonly seq: number; readonly hash: string } | null;
  /** Number of terms, and identity of the log; null when the log is damaged. */
  readonly epochs: number | null;
  readonly log_id: string | null;
  readonly damage: {
    readonly kind: DamageKind;
    readonly first_bad_seq: number;
    readonly last_good_seq: number | null;
    /** In the bytes of the log, from 0. */
    readonly offset: number;
    readonly detail: string;
    /** It is in the last commit: then it may also be what a crash of the machine left of a write. */
    readonly in_last_commit: boolean;
  } | null;
  /** Bytes after the last whole commit, which is still being written or never was finished; not part of the log. */
  readonly unfinished: { readonly seq: number; readonly bytes: number } | null;
  /** The sequence number up to which a trusted signature covers the log. No signatures are written yet. */
  readonly signed_to: 'none';
  readonly trust: 'none';
  readonly completeness: 'not proven';
  readonly elapsed_ms: number;
}

export interface VerifyOptions {
  readonly signal: AbortSignal;
  /** Called now and then with the number of records verified so far. */
  readonly onProgress?: (records: number) => void;
}

const PROGRESS_EVERY_BYTES = 1024 * 1024;

/**
 * Reads the whole log and checks every record, in constant memory. Damage is a result, not an error. Throws
 * RYNXS_LOG_UNAVAILABLE when the log cannot be read.
 */
export async function verifyLog(store: EventStore, options: VerifyOptions): Promise<VerifyReport> {
  const started = performance.now();
  let records = 0;
  let commits = 0;
  let bytes = 0;
  let head: VerifyReport['head'] = null;
  const verifier = new ChainVerifier({
    strict: true,
    onCommit: (commit) => {
      records += commit.count;
      commits += 1;
      bytes += commit.bytes;
      head = { seq: commit.firstSeq + commit.count - 1, hash: commit.headHash };
    },
  });
  const progress = { records: () => records, bytes: () => bytes };
  const { summary, damage } = await verified(store, verifier, options, progress);
  return {
    location: store.location,
    intact: summary !== undefined,
    records,
    commits,
    bytes,
    head,
    epochs: summary?.epochs ?? null,
    log_id: summary?.logId ?? null,
    damage: damage ?? null,
    unfinished: summary?.unfinished ?? null,
    signed_to: 'none',
    trust: 'none',
    completeness: 'not proven',
    elapsed_ms: Math.round(performance.now() - started),
  };
}

interface Outcome {
  readonly summary?: VerificationSummary;
  readonly damage?: NonNullable<VerifyReport['damage']>;
}

async function verified(
  store: EventStore,
  verifier: ChainVerifier,
  { signal, onProgress }: VerifyOptions,
  progress: { readonly records: () => number; readonly bytes: () => number },
): Promise<Outcome> {
  let unreported = 0;
  let atEnd = false;
  try {
    // Where the driver says that the log ends; what is read must get there.
    const head = await store.head(signal);
    for await (const chunk of store.read(0, signal)) {
      verifier.push(chunk);
      unreported += chunk.byteLength;
      if (unreported < PROGRESS_EVERY_BYTES) continue;
      unreported = 0;
      onProgress?.(progress.records());
    }
    verifier.finish(head);
    if (progress.records() === 0) return { summary: verifier.finish() };
    atEnd = true;
    verifier.push(await trailingBytes(store.location, progress.bytes()));
    return { summary: verifier.finish() };
  } catch (error) {
    signal.throwIfAborted();
    const damage = damageOf(error);
    if (damage === undefined) throw readFailure(store, error);
    const { kind, seq, lastGoodSeq, offset, detail } = damage;
    return {
      damage: {
        kind,
        first_bad_seq: seq,
        last_good_seq: lastGoodSeq ?? null,
        offset,
        detail,
        in_last_commit: atEnd,
      },
    };
  }
}
