import type { LogEvent } from './event.js';

/** A record that verified, in a commit that did. */
export interface VerifiedLine {
  readonly seq: number;
  /** The record's hash, 64 lower-case hex digits. */
  readonly hash: string;
  readonly prevHash: string;
  /** Offset of the line from where the verifier began, in bytes. */
  readonly offset: number;
  /**
   * The line without its LF. Shares memory with the chunk that was pushed: copy what is to be kept longer than
   * the chunk.
   */
  readonly line: Uint8Array;
  /**
   * The event, parsed when first asked for (from `line`: ask while the chunk is unchanged). One of an earlier version
   * (`hash_version` absent or "v2") has a `seq`, and may lack everything else.
   */
  readonly event: LogEvent;
}

/** A whole commit that verified. */
export interface VerifiedCommit {
  readonly firstSeq: number;
  readonly count: number;
  /** Bytes of its lines with their LFs. */
  readonly bytes: number;
  /** Offset of its first line from where the verifier began, in bytes. */
  readonly offset: number;
  /** Hash of its last record. */
  readonly headHash: string;
}

export interface ChainVerifierOptions {
  /** The first sequence number asked for; 0 when absent. */
  readonly fromSeq?: number;
  /**
   * Hash of the record before `fromSeq`. When absent, a verifier that begins at 0 expects ZERO_HASH, and one that
   * begins later takes the first record that it sees on trust: it may be any at or before `fromSeq`, as
   * EventStore.read begins with the commit that holds it.
   */
  readonly prevHash?: string;
  /** The term in which the record before `fromSeq` stands: the rules of terms and times hold from the first record on. */
  readonly term?: TermPosition;
  /**
   * Also check that events are canonical (RFC 8785). True when absent; `false` still checks hashes, chain,
   * numbers, commits, epochs and times.
   */
  readonly strict?: boolean;
  /** The `log_id` that the log must have; another one is `foreign`. */
  readonly logId?: string;
  /** Called for each record of a commit, in order, once the whole commit verified. What it throws ends the push. */
  readonly onRecord?: (record: VerifiedLine) => void;
  /**
   * Which records `onRecord` is called for, by the bytes of their lines, without LF, from `start` to `end`; all when absent.
   * Reading a record that nobody looks at costs as much as verifying it.
   */
  readonly selects?: (text: Uint8Array, start: number, end: number) => boolean;
  /**
   * Called for each record as soon as it verified, whether its commit will or not: its line, without LF, is `text` from
   * `start` to `end`, valid during the call.
   */
  readonly onLine?: (text: Buffer, start: number, end: number) => void;
  /** Called after its records. */
  readonly onCommit?: (commit: VerifiedCommit) => void;
}

/** Which term a log is in. */
export interface TermPosition {
  /** The last record's term; 0 before the first. */
  readonly epoch: number;
  /** Who wrote that term. */
  readonly writer: string | undefined;
  /** Whether that term has its EpochEnded. */
  readonly epochEnded: boolean;
  /** The identity from the last EpochStarted. */
  readonly logId: string | undefined;
  /** Time of the last record of hash version 3. */
  readonly lastTs: string | undefined;
}

/** Where a log has got to, counted in whole commits. */
export interface VerificationSummary extends TermPosition {
  readonly records: number;
  readonly commits: number;
  /** The number of the next record. */
  readonly nextSeq: number;
  /** Hash of the last record; that which was given as `prevHash`, or ZERO_HASH, when there was none. */
  readonly headHash: string;
  /** Terms that began in what was verified. */
  readonly epochs: number;
  /** A commit without its end, or part of a line, after the last whole commit: not counted above. */
  readonly unfinished?: { readonly seq: number; readonly bytes: number };
}
