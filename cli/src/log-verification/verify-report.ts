import type { DamageKind, LedgerKey, LedgerRecovery, UntrustedCheckpoint } from '@rynxs/log';

/** What verifying a log found. Names are those of `rynxs log verify --output json`. */
export interface VerifyReport {
  readonly location: string;
  /** Whether everything that was checked is as it was written. */
  readonly intact: boolean;
  /** What was looked at: all of it, the chain without the tree and checkpoints, or the chain from a record on. */
  readonly checked: 'all' | 'chain' | 'part';
  /** The first record that was looked at. */
  readonly from_seq: number;
  /** Records, commits and bytes that verified, in whole commits. */
  readonly records: number;
  readonly commits: number;
  readonly bytes: number;
  /** The last record that verified. */
  readonly head: { readonly seq: number; readonly hash: string } | null;
  /** Root of the Merkle tree over all records, in base64 as checkpoints have it; null unless all was checked and is good. */
  readonly root: string | null;
  /** Number of terms, and identity of the log; null when the log is damaged. */
  readonly epochs: number | null;
  readonly log_id: string | null;
  readonly damage: DamageReport | null;
  /** Bytes after the last whole commit, which is still being written or never was finished; not part of the log. */
  readonly unfinished: { readonly seq: number; readonly bytes: number } | null;
  /** The last record that a checkpoint of a trusted key covers. */
  readonly signed_to: number | null;
  /** The last record that an anchor, or a checkpoint given with --checkpoint, covers. */
  readonly anchored_to: number | null;
  /** Records after both of these. */
  readonly unsigned_tail: number;
  /** Whether a key was given that checkpoints could be checked with. */
  readonly trust: 'key' | 'none';
  /** The last record up to which nothing is missing and nothing was replaced, whoever could write to the store. */
  readonly proven_to: number | null;
  readonly completeness: 'not proven' | 'proven up to proven_to';
  /** Checkpoints beside the log that do not count. */
  readonly untrusted_checkpoints: readonly UntrustedReport[];
  /** Keys that the log names as its own; none of them is trusted for that. */
  readonly keys: readonly KeyReport[];
  /** Losses that were accepted on purpose, as the log records them. */
  readonly recoveries: readonly RecoveryReport[];
  readonly elapsed_ms: number;
}

export interface DamageReport {
  readonly kind: DamageKind;
  readonly first_bad_seq: number;
  readonly last_good_seq: number | null;
  /** In the bytes of the log, from 0. */
  readonly offset: number;
  readonly detail: string;
  /** It is in the last commit: then it may also be what a crash of the machine left of a write. */
  readonly in_last_commit: boolean;
  /** For `truncated` and `rewritten`: how many records the log had, and the time of the last one that is there. */
  readonly known_size: number | null;
  readonly last_ts: string | null;
}

export interface UntrustedReport {
  readonly size: number | null;
  readonly origin: string | null;
  readonly signers: readonly string[];
  readonly reason: UntrustedCheckpoint['reason'];
}

export interface KeyReport {
  readonly vkey: string;
  readonly added_at: number;
  readonly vouched_by: string | null;
  readonly retired_at: number | null;
}

export interface RecoveryReport {
  readonly seq: number;
  readonly lost_from: number;
  readonly lost_to: number;
  readonly reason: string;
}

export function untrustedReport({ size, origin, signers, reason }: UntrustedCheckpoint): UntrustedReport {
  return { size: size ?? null, origin: origin ?? null, signers, reason };
}

export function keyReport({ vkey, addedAt, vouchedBy, retiredAt }: LedgerKey): KeyReport {
  return { vkey, added_at: addedAt, vouched_by: vouchedBy, retired_at: retiredAt };
}

export function recoveryReport({ seq, lostFrom, lostTo, reason }: LedgerRecovery): RecoveryReport {
  return { seq, lost_from: lostFrom, lost_to: lostTo, reason };
}
