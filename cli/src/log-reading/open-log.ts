import { existsSync } from 'node:fs';
import { type EventStore, type RynxsError, rynxsError } from '@rynxs/kernel';
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

/** The error for a log that has no records yet, where there is nothing to show. */
export function notFound(store: EventStore): RynxsError {
  return rynxsError('RYNXS_LOG_NOT_FOUND', { location: store.location });
}
