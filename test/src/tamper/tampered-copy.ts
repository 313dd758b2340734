import type { DamageKind } from '@rynxs/log';
import type { StoredBytes } from './stored-log.js';

/** What verifying must say when it calls a copy intact. */
export interface IntactReport {
  readonly records: number;
  /** The size of the newest checkpoint that counts. */
  readonly signedTo: number;
}

/** A copy of a log that somebody has changed, and what must be found of it. */
export interface TamperedCopy {
  readonly what: string;
  readonly stored: StoredBytes;
  /** Whether the auditor and the operator know the anchor. */
  readonly isAnchored: boolean;
  /** The kinds of damage that name it; none when nothing can be found. */
  readonly kinds: readonly DamageKind[];
  /** The first record that is not as it was, or as close as can be told; both ends included. */
  readonly from: number;
  readonly to: number;
  /** Undefined when it must be found. */
  readonly intact: IntactReport | undefined;
}

/** A copy in which something must be found, at a record or between two. */
export function found(
  what: string,
  stored: StoredBytes,
  kinds: readonly DamageKind[],
  from: number,
  to = from,
): TamperedCopy {
  return { what, stored, kinds, from, to, isAnchored: false, intact: undefined };
}

/** A copy in which nothing can be found: the report must not claim more than is so. */
export function unseen(what: string, stored: StoredBytes, intact: IntactReport): TamperedCopy {
  return { what, stored, kinds: [], from: 0, to: 0, isAnchored: false, intact };
}

/** Where both are right: as with what may also be left of an interrupted write. */
export function orIntact(copy: TamperedCopy, intact: IntactReport): TamperedCopy {
  return { ...copy, intact };
}

export function anchored(copy: TamperedCopy): TamperedCopy {
  return { ...copy, isAnchored: true, what: `${copy.what}, with the anchor` };
}
