import { existsSync } from 'node:fs';
import { type EventStore, type RynxsError, rynxsError } from '@rynxs/kernel';
import type { LogLocation } from './log-location.js';

/**
 * The driver of a log. It is not opened, which only writing needs: so an operator may be using the log.
 * Throws RYNXS_STORE_URL for a place that no driver here can read, RYNXS_LOG_NOT_FOUND where there is none.
 */
export async function openLogForReading({ scheme, address, env }: LogLocation): Promise<EventStore> {
  if (scheme === 'file') {
    if (!existsSync(address)) throw rynxsError('RYNXS_LOG_NOT_FOUND', { location: address });
    const { FileEventStore } = await import('@rynxs/store-file');
    return new FileEventStore({ dir: address });
  }
  if (scheme === 's3') {
    const { openS3Log } = await import('@rynxs/store-s3');
    return openS3Log({ address, env });
  }
  const detail = `no driver reads ${scheme}: logs; known are file: and s3:`;
  throw rynxsError('RYNXS_STORE_URL', { url: `${scheme}://${address}`, detail });
}

/** The error for a log that has no records yet, where there is nothing to show. */
export function notFound(store: EventStore): RynxsError {
  return rynxsError('RYNXS_LOG_NOT_FOUND', { location: store.location });
}
