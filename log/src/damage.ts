/**
 * What is wrong with a log.
 * - `malformed`: a line is not a record: not of its shape, or its event lacks what every event has.
 * - `hash_mismatch`: a record's bytes do not have the hash that the record carries: it was altered.
 * - `chain_broken`: a record is whole, but its `prev_hash` is not the hash of the one before: either was replaced.
 * - `gap`: records are missing. - `duplicate`: a sequence number stands a second time.
 * - `reordered`: the missing records come later.
 * - `not_canonical`: the hash holds, but the event is not written as RFC 8785 says: not by Rynxs, or by a defect.
 * - `commit_broken`: a commit without its end, with foreign records within, or larger than commits may be.
 * - `epoch_broken`: a term that does not begin with EpochStarted, skips a number, has two writers, or goes on
 *   after its EpochEnded.
 * - `time_reversed`: a record is older than the one before.
 * - `foreign`: the log, or a term in it, carries another log's id.
 * - `truncated`: the log ends before a point that it is known to have reached.
 * - `rewritten`: every record hashes as it should, but they are not the ones that a trusted checkpoint or an anchor covers.
 * - `too_large`: a line longer than a record may be, mostly a lost line end.
 */
export type DamageKind =
  | 'malformed'
  | 'hash_mismatch'
  | 'chain_broken'
  | 'gap'
  | 'duplicate'
  | 'reordered'
  | 'not_canonical'
  | 'commit_broken'
  | 'epoch_broken'
  | 'time_reversed'
  | 'foreign'
  | 'truncated'
  | 'rewritten'
  | 'too_large';

export interface DamageDetails {
  readonly kind: DamageKind;
  /** The first sequence number that is not as it should be. */
  readonly seq: number;
  /** The last record before the damage; undefined when none is good. */
  readonly lastGoodSeq: number | undefined;
  /** Offset of the damaged line from where the verifier began, in bytes. */
  readonly offset: number;
  /** What was found and what probably happened, for people. */
  readonly detail: string;
}

/** The first damage that was found in a log. */
export class Damage extends Error implements DamageDetails {
  override readonly name = 'Damage';
  readonly kind: DamageKind;
  readonly seq: number;
  readonly lastGoodSeq: number | undefined;
  readonly offset: number;
  readonly detail: string;

  constructor(details: DamageDetails, options?: ErrorOptions) {
    super(`seq ${details.seq}: ${details.kind}: ${details.detail}`, options);
    this.kind = details.kind;
    this.seq = details.seq;
    this.lastGoodSeq = details.lastGoodSeq;
    this.offset = details.offset;
    this.detail = details.detail;
  }
}
