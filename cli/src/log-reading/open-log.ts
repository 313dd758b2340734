import { existsSync } from 'node:fs';
import { type EventStore, type RynxsError, rynxsError, type StoreErrorCode } from '@rynxs/kernel';
import type { LogLocation } from './log-location.js';

/** Drivers that come as packages of their own, by URL scheme. */
const OTHER_PACKAGES: Readonly<Record<string, string>> = { s3: '@rynxs/store-s3' };

/**
 * The driver of a log, for reading only: it is never opened for writing, so an operator may be using the log.
 * Throws RYNXS_STORE_URL for a place that no driver here can read, RYNXS_LOG_NOT_FOUND where there is none.
 */
export async function openLogForReading({ scheme, address }: LogLocation): Promise<EventStore> {
  if (scheme === 'file') {
    if (!existsSync(address)) throw rynxsError('RYNXS_LOG_NOT_FOUND', { location: address });
    const { FileEventStore } = await import('@rynxs/store-file');
    return new FileEventStore({ dir: address });
  }
  const missing = OTHER_PACKAGES[scheme];
  const detail =
    missing === undefined
      ? `no driver reads ${scheme}: logs`
      : `the package ${missing}, which reads ${scheme}: logs, is not part of this installation`;
  throw rynxsError('RYNXS_STORE_URL', { url: `${scheme}://${address}`, detail });
}

const READ_FAILURES: Readonly<Partial<Record<StoreErrorCode, string>>> = {
  denied: 'reading it is not permitted',
  missing: 'it does not exist',
  unavailable: 'it cannot be reached',
};

/** What a driver's raw error means to the reader of a log: RYNXS_LOG_UNAVAILABLE, with the cause. */
export function readFailure(store: EventStore, cause: unknown): RynxsError {
  const reason = READ_FAILURES[store.errorCode(cause)];
  const text = cause instanceof Error ? cause.message : String(cause);
  const detail = reason === undefined ? text : `${reason} (${text})`;
  return rynxsError('RYNXS_LOG_UNAVAILABLE', { location: store.location, detail }, { cause });
}

/** The error for a log that has no records yet, where there is nothing to show. */
export function notFound(store: EventStore): RynxsError {
  return rynxsError('RYNXS_LOG_NOT_FOUND', { location: store.location });
}
