import { hash } from 'node:crypto';
import { canonicalize } from './canonicalize.js';
import type { LogEvent, LogRecord } from './event.js';
import { MAX_RECORD_BYTES, MAX_SEQ } from './limits.js';

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
const MAX_UTF8_BYTES_PER_UTF16_UNIT = 3;

/** Thrown for an event whose line would be longer than MAX_RECORD_BYTES. */
export class RecordTooLargeError extends RangeError {
  override readonly name = 'RecordTooLargeError';
  readonly limitBytes = MAX_RECORD_BYTES;
  constructor(readonly bytes: number) {
    super(`a record of ${bytes} bytes is larger than ${MAX_RECORD_BYTES}`);
  }
}

/** A record as it is stored. */
export interface EncodedRecord {
  /** The line with its LF. */
  readonly line: Buffer;
  /** The record's hash, 64 lower-case hex digits: `prev_hash` of the next one. */
  readonly hash: string;
}

/**
 * Encodes an event as the record that follows the one whose hash is `prevHash`.
 * Throws TypeError for an event that is not JSON, RangeError for a `seq` that is no sequence number,
 * RecordTooLargeError for one that is too large.
 */
export function encodeRecord(event: LogEvent, prevHash: string): EncodedRecord {
  const { text, hash } = encodeRecordText(event, prevHash);
  return { line: Buffer.from(text, 'utf8'), hash };
}

/**
 * As encodeRecord, the line as a string: a commit is joined first and becomes bytes once. `payload` is the payload's
 * canonical text, from whoever has made it already.
 */
export function encodeRecordText(
  event: LogEvent,
  prevHash: string,
  payload: string = canonicalize(event.payload),
): { text: string; hash: string } {
  const eventText = canonicalEvent(event, payload);
  assertFits(eventText);
  const eventHash = hash('sha256', prevHash + eventText, 'hex');
  const text = `{"event":${eventText},"event_hash":"${eventHash}","prev_hash":"${prevHash}"}\n`;
  return { text, hash: eventHash };
}

/** Counting bytes costs as much as a third of the hash; most events are small enough by any count. */
function assertFits(eventText: string): void {
  const around = RECORD_HEAD_BYTES + RECORD_TAIL_BYTES;
  if (eventText.length * MAX_UTF8_BYTES_PER_UTF16_UNIT + around <= MAX_RECORD_BYTES) return;
  const bytes = Buffer.byteLength(eventText) + around;
  if (bytes > MAX_RECORD_BYTES) throw new RecordTooLargeError(bytes);
}

/** The keys of an event are known, so their order is written down instead of being sorted for every record. */
function canonicalEvent(event: LogEvent, payload: string): string {
  const { meta, seq } = event;
  if (!Number.isInteger(seq) || seq < 0 || seq > MAX_SEQ)
    throw new RangeError(`${seq} is not a sequence number`);
  return (
    `{"aggregate_id":${canonicalize(event.aggregate_id)},"hash_version":"v3",` +
    `"meta":{"batch":${canonicalize(meta.batch)},${meta.end === true ? '"end":true,' : ''}"epoch":${canonicalize(meta.epoch)},` +
    `"trace_id":${canonicalize(meta.trace_id)},"writer":${canonicalize(meta.writer)}},` +
    `"payload":${payload},"seq":${seq},"ts":${canonicalize(event.ts)},"type":${canonicalize(event.type)}}`
  );
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
