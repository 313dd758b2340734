import { Damage, RolledBack } from '@rynxs/log';
import type { EventStore } from '../contracts/event-store.js';
import { type RynxsError, rynxsError } from '../errors/rynxs-error.js';
import type { EventLogMetrics } from './metrics.js';
import { ForeignLog } from './opening.js';
import { storeFailure } from './store-failure.js';

/**
 * Says in the kernel's words why a log cannot be opened or gone on with: RYNXS_LOG_ROLLED_BACK, RYNXS_LOG_DAMAGED,
 * RYNXS_LOG_FOREIGN, or what the driver's error means.
 */
export function openFailure(store: EventStore, error: unknown, metrics: EventLogMetrics): RynxsError {
  const { location } = store;
  if (error instanceof ForeignLog) {
    const { logId: found, expected } = error;
    return rynxsError('RYNXS_LOG_FOREIGN', { location, what: 'log id', found, expected }, { cause: error });
  }
  const damage = damageOf(error);
  if (damage === undefined) return storeFailure(store, error);
  metrics.chainBroken();
  const { seq, kind, detail } = damage;
  const lastGood = damage.lastGoodSeq ?? 'none';
  if (damage instanceof RolledBack) {
    const since = damage.lastTs ?? 'the beginning';
    return rynxsError('RYNXS_LOG_ROLLED_BACK', { location, detail, lastGood, since }, { cause: error });
  }
  return rynxsError('RYNXS_LOG_DAMAGED', { location, seq, kind, detail, lastGood }, { cause: error });
}

/** The damage that an error tells of: itself, or the cause that a driver gave it. */
export function damageOf(error: unknown): Damage | undefined {
  if (error instanceof Damage) return error;
  return error instanceof Error && error.cause instanceof Damage ? error.cause : undefined;
}
