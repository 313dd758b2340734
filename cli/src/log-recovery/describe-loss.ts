import { type EventStore, type LogAnchor, rynxsError } from '@rynxs/kernel';
import type { NoteVerifier } from '@rynxs/log';
import { newestCheckpoints } from '../log-reading/checkpoint-notes.js';
import { nextSeq } from '../log-reading/find-seq.js';
import { verifyLog } from '../log-verification/verify-log.js';
import type { DamageReport } from '../log-verification/verify-report.js';
import { printable } from '../terminal/printable.js';

/** What accepting the loss would give up. Names are those of `--output json`. */
export interface LossReport {
  readonly accepted: false;
  readonly location: string;
  readonly lost_from: number;
  readonly lost_to: number;
  readonly last_good_seq: number | null;
  /** Time of the last record that is there. */
  readonly last_ts: string | null;
  readonly detail: string;
}

/**
 * Looks for what is missing of a log, and changes nothing. Throws RYNXS_LOG_NOT_LOST when nothing is, RYNXS_LOG_DAMAGED when
 * what is there does not verify, which recovering does not cure.
 */
export async function describeLoss(
  store: EventStore,
  known: { readonly trusted: readonly NoteVerifier[]; readonly anchor: LogAnchor | undefined },
  signal: AbortSignal,
): Promise<LossReport> {
  const { trusted, anchor } = known;
  const { location } = store;
  const notes = await newestCheckpoints(store, await nextSeq(store, signal), trusted, signal);
  const anchors = [...((await anchor?.read(signal)) ?? new Map<string, string>()).values()];
  const checkpoints = notes.map(({ text }) => text);
  const { damage } = await verifyLog(store, { signal, evidence: { trusted, checkpoints, anchors } });
  if (damage === null) throw rynxsError('RYNXS_LOG_NOT_LOST', { location });
  if (damage.known_size === null) throw damaged(location, damage);
  return {
    accepted: false,
    location,
    lost_from: damage.first_bad_seq,
    lost_to: damage.known_size - 1,
    last_good_seq: damage.last_good_seq,
    last_ts: damage.last_ts,
    detail: damage.detail,
  };
}

export function formatLoss({ location, lost_from, lost_to, last_ts, detail }: LossReport): string {
  return `nothing was changed: this is what would be given up
log         ${location}
missing     seq ${lost_from} to ${lost_to}
known from  ${printable(detail)}
last record ${last_ts === null ? 'none' : `of ${printable(last_ts)}`}

Restore the log from a good copy if there is one. If the loss is final, stop the operator and accept it, on the record:
  rynxs log recover --accept-loss --reason TEXT
`;
}

function damaged(location: string, { first_bad_seq, last_good_seq, kind, detail }: DamageReport): Error {
  const lastGood = last_good_seq ?? 'none';
  return rynxsError('RYNXS_LOG_DAMAGED', { location, seq: first_bad_seq, kind, detail, lastGood });
}
