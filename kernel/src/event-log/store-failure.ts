import type { EventStore } from '../contracts/event-store.js';
import { RynxsError, rynxsError } from '../errors/rynxs-error.js';

/** Says in the kernel's words what a driver's raw error means; the raw error is the cause. */
export function storeFailure(store: EventStore, error: unknown): RynxsError {
  if (error instanceof RynxsError) return error;
  const { location } = store;
  const detail = error instanceof Error ? error.message : String(error);
  const options = { cause: error };
  switch (store.errorCode(error)) {
    case 'locked':
      return rynxsError('RYNXS_LOG_LOCKED', { location, holder: detail }, options);
    case 'full':
      return rynxsError('RYNXS_LOG_FULL', { location, detail }, options);
    case 'closed':
      return rynxsError('RYNXS_LOG_CLOSED', { location }, options);
    default:
      return rynxsError('RYNXS_LOG_UNAVAILABLE', { location, detail }, options);
  }
}
