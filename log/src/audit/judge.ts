import { checkpointOrigin } from '../checkpoint/checkpoint.js';
import { Damage } from '../damage.js';
import type { NoteVerifier } from '../note/note-verifier.js';
import type { LedgerRecovery } from './ledger.js';
import type { LogPosition } from './log-position.js';
import { RolledBack } from './rolled-back.js';
import { TrustedKeys } from './trusted-keys.js';
import type { UntrustedCheckpoint, Witness } from './witness.js';

/** What witnesses say of a log whose records verified. */
export interface Verdict {
  readonly signedTo: number;
  readonly anchoredTo: number;
  readonly untrusted: readonly UntrustedCheckpoint[];
}

interface Case {
  readonly position: LogPosition;
  readonly witnesses: readonly Witness[];
  /** Roots of the log at the witnesses' sizes, as far as they were computed. */
  readonly roots: ReadonlyMap<number, Buffer>;
  readonly trusted: readonly NoteVerifier[];
}

/** Compares a log with what is known of it. Throws RolledBack when it is shorter than, or other than, it was. */
export function judge({ position, witnesses, roots, trusted }: Case): Verdict {
  const { credible, untrusted } = sift(witnesses, position, new TrustedKeys(trusted, position.ledger));
  const agreeing: Witness[] = [];
  const contradicting: Witness[] = [];
  for (const witness of credible) {
    const root = roots.get(witness.size);
    if (witness.size > position.size) contradicting.push(witness);
    // Below the snapshot that was begun with, or without a tree, the root is not known.
    else if (root !== undefined) (root.equals(witness.root) ? agreeing : contradicting).push(witness);
  }
  const signedTo = largest(agreeing, 'checkpoint');
  const recoveries = position.ledger.state.recoveries.filter(({ seq }) => seq < signedTo);
  const unexcused = contradicting.filter((witness) => !isExcused(witness, recoveries));
  if (unexcused.length > 0) throw rolledBack(unexcused, agreeing, position);
  return { signedTo, anchoredTo: largest(agreeing, 'anchor'), untrusted };
}

/** Whoever can write to the store can put checkpoints there: only those of this log, by a trusted key, count. */
function sift(
  witnesses: readonly Witness[],
  { logId }: LogPosition,
  keys: TrustedKeys,
): { readonly credible: readonly Witness[]; readonly untrusted: readonly UntrustedCheckpoint[] } {
  const credible: Witness[] = [];
  const untrusted: UntrustedCheckpoint[] = [];
  for (const witness of witnesses) {
    const { checkpoint, size, kind } = witness;
    if (checkpoint === undefined) {
      credible.push(witness);
      continue;
    }
    const { note, origin } = checkpoint;
    const isOfAnotherLog = logId !== undefined && origin !== checkpointOrigin(logId);
    if (isOfAnotherLog && kind === 'anchor') throw foreign(origin, logId);
    if (!isOfAnotherLog && (kind === 'anchor' || keys.hasSigned(note, origin, size))) {
      credible.push(witness);
      continue;
    }
    const signers = note.signatures.map(({ name }) => name);
    const unknown = signers.length === 0 ? 'unsigned' : 'unknown key';
    untrusted.push({ size, origin, signers, reason: isOfAnotherLog ? 'another log' : unknown });
  }
  return { credible, untrusted };
}

/** The loss was accepted, and a trusted checkpoint covers the record that says so. */
function isExcused({ kind, size }: Witness, recoveries: readonly LedgerRecovery[]): boolean {
  return (
    kind === 'checkpoint' && recoveries.some(({ lostFrom, lostTo }) => size > lostFrom && size <= lostTo + 1)
  );
}

/** An anchor is kept for one log: where it does not name this one, the log was swapped. */
function foreign(origin: string, logId: string): Damage {
  const detail = `the log is ${logId}, but the anchor is of ${origin}`;
  return new Damage({ kind: 'foreign', seq: 0, lastGoodSeq: undefined, offset: 0, detail });
}

function rolledBack(
  contradicting: readonly Witness[],
  agreeing: readonly Witness[],
  { size, term }: LogPosition,
): RolledBack {
  const bySize = [...contradicting].sort((a, b) => a.size - b.size);
  const other = bySize.find((witness) => witness.size <= size);
  const newest = bySize.at(-1);
  if (newest === undefined) throw new RangeError('nothing contradicts');
  const knownSize = newest.size;
  const { lastTs } = term;
  if (other === undefined) {
    const missing = knownSize - 1 === size ? `seq ${size} is` : `seq ${size} to ${knownSize - 1} are`;
    const detail = `${newest.source} shows that ${missing} missing`;
    return new RolledBack('truncated', size, detail, {
      knownSize,
      lastTs,
      checkpoint: newest.checkpoint?.text,
    });
  }
  // What the log says itself convicts it, but cannot acquit it.
  const agreed = agreeing.filter((one) => one.kind !== 'adopted' && one.size < other.size);
  const from = agreed.reduce((size, one) => Math.max(size, one.size), 0);
  const detail = `${other.source} does not fit: other records stood somewhere from seq ${from} to ${other.size - 1}`;
  return new RolledBack('rewritten', from, detail, { knownSize, lastTs, checkpoint: other.checkpoint?.text });
}

function largest(witnesses: readonly Witness[], kind: Witness['kind']): number {
  return witnesses.reduce(
    (size, witness) => (witness.kind === kind ? Math.max(size, witness.size) : size),
    0,
  );
}
