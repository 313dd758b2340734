import { damageOf, type EventStore, type RynxsError, rynxsError, type StoreErrorCode } from '@rynxs/kernel';

const REASONS: Readonly<Partial<Record<StoreErrorCode, string>>> = {
  denied: 'reading it is not permitted',
  missing: 'it does not exist',
  unavailable: 'it cannot be reached',
};

/**
 * What the failure of a driver or a verifier means to the reader of a log: RYNXS_LOG_DAMAGED or RYNXS_LOG_UNAVAILABLE,
 * with the cause.
 */
export function readFailure(store: EventStore, cause: unknown): RynxsError {
  const { location } = store;
  const damage = damageOf(cause);
  if (damage !== undefined) {
    const { seq, kind, detail, lastGoodSeq } = damage;
    const lastGood = lastGoodSeq === undefined ? 'none' : lastGoodSeq;
    return rynxsError('RYNXS_LOG_DAMAGED', { location, seq, kind, detail, lastGood }, { cause });
  }
  const reason = REASONS[store.errorCode(cause)];
  const text = cause instanceof Error ? cause.message : String(cause);
  const detail = reason === undefined ? text : `${reason} (${text})`;
  return rynxsError('RYNXS_LOG_UNAVAILABLE', { location, detail }, { cause });
}
