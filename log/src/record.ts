import type { LogEvent, LogRecord } from './event.js';
import { MAX_RECORD_BYTES } from './limits.js';

// A record is one line: {"event":E,"event_hash":"H","prev_hash":"P"} and LF, where E is the event's canonical JSON
// and H is the SHA-256 of P's 64 digits followed by E's bytes. What surrounds E has a fixed length, so that E can
// be cut out of a line without parsing it.

/** Bytes before E: `{"event":`. */
export const RECORD_HEAD_BYTES = 9;
/** Bytes after E, without the LF: `,"event_hash":"H","prev_hash":"P"}`. */
export const RECORD_TAIL_BYTES = 160;
/** The `prev_hash` of the first record: 64 zeros. */
export const ZERO_HASH = '0'.repeat(64);

const HASH_OFFSET_IN_TAIL = 15;
const PREV_HASH_OFFSET_IN_TAIL = 94;
const HASH_BYTES = 64;

/** Thrown for an event whose line would be longer than MAX_RECORD_BYTES. */
export class RecordTooLargeError extends RangeError {
  override readonly name = 'RecordTooLargeError';
  readonly limitBytes = MAX_RECORD_BYTES;
  constructor(readonly bytes: number) {
    super(`a record of ${bytes} bytes is larger than ${MAX_RECORD_BYTES}`);
  }
}

/** The three parts of a line. */
export interface RecordParts {
  /** The bytes of E, shared with the line. */
  readonly event: Buffer;
  readonly hash: string;
  readonly prevHash: string;
}

/**
 * Cuts a line (with or without its LF) into its parts, without parsing or verifying anything.
 * Returns undefined for a line that is too short to be a record.
 */
export function recordParts(line: Uint8Array): RecordParts | undefined {
  const bytes = Buffer.from(line.buffer, line.byteOffset, line.byteLength);
  const end = bytes.at(-1) === 0x0a ? bytes.length - 1 : bytes.length;
  const tail = end - RECORD_TAIL_BYTES;
  if (tail <= RECORD_HEAD_BYTES) return undefined;
  const hashAt = tail + HASH_OFFSET_IN_TAIL;
  const prevHashAt = tail + PREV_HASH_OFFSET_IN_TAIL;
  return {
    event: bytes.subarray(RECORD_HEAD_BYTES, tail),
    hash: bytes.toString('latin1', hashAt, hashAt + HASH_BYTES),
    prevHash: bytes.toString('latin1', prevHashAt, prevHashAt + HASH_BYTES),
  };
}

/**
 * Reads a line (with or without its LF) that is known to be good: nothing is verified; see ChainVerifier.
 * Throws SyntaxError for what is not a record at all.
 */
export function parseRecord(line: Uint8Array | string): LogRecord {
  const parts = recordParts(typeof line === 'string' ? Buffer.from(line, 'utf8') : line);
  if (parts === undefined) throw new SyntaxError('the line is too short to be a record');
  return { event: JSON.parse(parts.event.toString('utf8')) as LogEvent, hash: parts.hash };
}
