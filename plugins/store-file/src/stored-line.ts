import { createHash } from 'node:crypto';
import { type LogEvent, MAX_RECORD_BYTES, recordParts } from '@rynxs/log';

/** What the driver itself needs to know of a line, which it does not verify. */
export interface StoredLine {
  readonly seq: number;
  readonly hash: string;
  readonly prevHash: string;
  /** Which commit it belongs to; a record of an earlier hash version is one of its own. */
  readonly batch: string;
  readonly endsCommit: boolean;
}

/** Undefined for what is not a record. */
export function readStoredLine(line: Uint8Array): StoredLine | undefined {
  const parts = recordParts(line);
  if (parts === undefined) return undefined;
  let event: Partial<LogEvent> | null;
  try {
    event = JSON.parse(parts.event.toString('utf8')) as Partial<LogEvent> | null;
  } catch {
    return undefined;
  }
  const seq = event?.seq;
  if (typeof seq !== 'number') return undefined;
  const { hash, prevHash } = parts;
  if (event?.hash_version !== 'v3') return { seq, hash, prevHash, batch: `seq ${seq}`, endsCommit: true };
  const { meta } = event;
  if (meta === undefined || typeof meta?.batch !== 'string') return undefined;
  return { seq, hash, prevHash, batch: meta.batch, endsCommit: meta.end === true };
}

/** Undefined for what is not a record with the hash that it carries. */
export function verifiedLine(line: Uint8Array): StoredLine | undefined {
  const parts = line.length <= MAX_RECORD_BYTES ? recordParts(line) : undefined;
  if (parts === undefined) return undefined;
  const hash = createHash('sha256').update(parts.prevHash, 'latin1').update(parts.event).digest('hex');
  return hash === parts.hash ? readStoredLine(line) : undefined;
}
