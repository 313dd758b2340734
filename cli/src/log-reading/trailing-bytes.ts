import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MAX_BATCH_BYTES } from '@rynxs/log';

/** Promised to users: docs/EVENT_LOG.md. */
const LOG_FILE = 'operator-events.log';

/**
 * What stands in the file of a log from `offset` on, at most twice a commit's size. A store shows whole commits only and
 * takes a last one that does not verify for the rest of an interrupted write; whoever verifies must not.
 * Empty for logs that are not in a file.
 */
export async function trailingBytes(location: string, offset: number): Promise<Uint8Array> {
  if (!location.startsWith('file:')) return new Uint8Array();
  const file = await open(join(fileURLToPath(location), LOG_FILE));
  try {
    const buffer = Buffer.alloc(2 * MAX_BATCH_BYTES);
    const { bytesRead } = await file.read(buffer, 0, buffer.length, offset);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}
