import { hash } from 'node:crypto';
import { canonicalize } from './canonicalize.js';
import type { EventMeta, LogEvent } from './event.js';
import { MAX_RECORD_BYTES, MAX_SEQ } from './limits.js';
import { RECORD_HEAD_BYTES, RECORD_TAIL_BYTES, RecordTooLargeError } from './record.js';

const MAX_UTF8_BYTES_PER_UTF16_UNIT = 3;

/** What the records of a commit have in common. */
export interface CommitStamp extends Pick<EventMeta, 'batch' | 'epoch' | 'writer'> {
  readonly ts: string;
}

/** What a record has of its own. */
export interface EncodableEvent {
  readonly aggregateId: string;
  readonly traceId: string;
  readonly type: string;
  readonly seq: number;
  /** The payload's canonical text. */
  readonly payload: string;
  /** Whether it is the last one of its commit. */
  readonly isLast: boolean;
}

/** A record's line, LF included, as a string: a commit is joined first and becomes bytes once. */
export interface RecordText {
  readonly text: string;
  readonly hash: string;
}

/**
 * Writes the records of a commit. The keys of an event are known, so their order is written down instead of being sorted
 * for every record, and what all of them have in common is quoted once.
 */
export class RecordEncoder {
  readonly #beforeEnd: string;
  readonly #beforeTrace: string;
  readonly #beforePayload: string;
  readonly #beforeType: string;

  /** Throws TypeError for what is not JSON. */
  constructor({ batch, epoch, writer, ts }: CommitStamp) {
    this.#beforeEnd = `,"hash_version":"v3","meta":{"batch":${canonicalize(batch)},`;
    this.#beforeTrace = `"epoch":${canonicalize(epoch)},"trace_id":`;
    this.#beforePayload = `,"writer":${canonicalize(writer)}},"payload":`;
    this.#beforeType = `,"ts":${canonicalize(ts)},"type":`;
  }

  /**
   * The record that follows the one whose hash is `prevHash`. Throws TypeError for what is not JSON, RangeError for a
   * `seq` that is no sequence number, RecordTooLargeError.
   */
  encode({ aggregateId, traceId, type, seq, payload, isLast }: EncodableEvent, prevHash: string): RecordText {
    if (!Number.isInteger(seq) || seq < 0 || seq > MAX_SEQ)
      throw new RangeError(`${seq} is not a sequence number`);
    const event =
      `{"aggregate_id":${canonicalize(aggregateId)}${this.#beforeEnd}${isLast ? '"end":true,' : ''}` +
      `${this.#beforeTrace}${canonicalize(traceId)}${this.#beforePayload}${payload},"seq":${seq}` +
      `${this.#beforeType}${canonicalize(type)}}`;
    assertFits(event);
    const eventHash = hash('sha256', prevHash + event, 'hex');
    return {
      text: `{"event":${event},"event_hash":"${eventHash}","prev_hash":"${prevHash}"}\n`,
      hash: eventHash,
    };
  }
}

/** A record as it is stored. */
export interface EncodedRecord {
  /** The line with its LF. */
  readonly line: Buffer;
  /** The record's hash, 64 lower-case hex digits: `prev_hash` of the next one. */
  readonly hash: string;
}

/** Encodes an event as the record that follows the one whose hash is `prevHash`. Throws what RecordEncoder throws. */
export function encodeRecord(event: LogEvent, prevHash: string): EncodedRecord {
  const encoder = new RecordEncoder({ ...event.meta, ts: event.ts });
  const { text, hash } = encoder.encode(encodable(event), prevHash);
  return { line: Buffer.from(text, 'utf8'), hash };
}

/** What of an event its record has of its own. Throws TypeError for a payload that is not JSON. */
export function encodable({ aggregate_id, meta, type, seq, payload }: LogEvent): EncodableEvent {
  return {
    aggregateId: aggregate_id,
    traceId: meta.trace_id,
    type,
    seq,
    payload: canonicalize(payload),
    isLast: meta.end === true,
  };
}

/** Counting bytes costs as much as a third of the hash; most events are small enough by any count. */
function assertFits(event: string): void {
  const around = RECORD_HEAD_BYTES + RECORD_TAIL_BYTES;
  if (event.length * MAX_UTF8_BYTES_PER_UTF16_UNIT + around <= MAX_RECORD_BYTES) return;
  const bytes = Buffer.byteLength(event) + around;
  if (bytes > MAX_RECORD_BYTES) throw new RecordTooLargeError(bytes);
}
