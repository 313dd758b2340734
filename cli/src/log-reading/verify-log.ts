import type { EventStore } from '@rynxs/kernel';
import { ChainVerifier, Damage, type DamageKind, type VerificationSummary } from '@rynxs/log';
import { readFailure } from './open-log.js';

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
  } | null;
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
  const found = await verified(store, verifier, options, () => records);
  const summary = found instanceof Damage ? undefined : found;
  return {
    location: store.location,
    intact: summary !== undefined,
    records,
    commits,
    bytes,
    head,
    epochs: summary?.epochs ?? null,
    log_id: summary?.logId ?? null,
    damage: found instanceof Damage ? describeDamage(found) : null,
    signed_to: 'none',
    trust: 'none',
    completeness: 'not proven',
    elapsed_ms: Math.round(performance.now() - started),
  };
}

async function verified(
  store: EventStore,
  verifier: ChainVerifier,
  { signal, onProgress }: VerifyOptions,
  records: () => number,
): Promise<VerificationSummary | Damage> {
  let unreported = 0;
  try {
    // Where the driver says that the log ends; what is read must get there.
    const head = await store.head(signal);
    for await (const chunk of store.read(0, signal)) {
      verifier.push(chunk);
      unreported += chunk.byteLength;
      if (unreported < PROGRESS_EVERY_BYTES) continue;
      unreported = 0;
      onProgress?.(records());
    }
    return verifier.finish(head);
  } catch (error) {
    signal.throwIfAborted();
    const damage = damageOf(error);
    if (damage !== undefined) return damage;
    throw readFailure(store, error);
  }
}

/** The damage that an error tells of: itself, or the cause that a driver gave it. */
function damageOf(error: unknown): Damage | undefined {
  if (error instanceof Damage) return error;
  return error instanceof Error && error.cause instanceof Damage ? error.cause : undefined;
}

function describeDamage({ kind, seq, lastGoodSeq, offset, detail }: Damage): VerifyReport['damage'] {
  return { kind, first_bad_seq: seq, last_good_seq: lastGoodSeq ?? null, offset, detail };
}
