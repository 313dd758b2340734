import { type EventStore, rynxsError } from '@rynxs/kernel';
import { Damage } from '@rynxs/log';
import { readFailure } from '../log-reading/read-failure.js';

/** The error for a log that does not have the root which a checkpoint says it has. */
export function contradiction(store: EventStore, size: number, isTrusted: boolean): Error {
  const detail = `the signed checkpoint of ${size} records does not fit: other records stood there`;
  if (isTrusted) {
    const damage = new Damage({ kind: 'rewritten', seq: 0, lastGoodSeq: undefined, offset: 0, detail });
    return readFailure(store, damage);
  }
  const untrusted =
    'it does not fit the log: give the key that you trust with --key, so that only its checkpoints count';
  return rynxsError('RYNXS_CHECKPOINT_INVALID', { name: `of ${size} records`, detail: untrusted });
}
