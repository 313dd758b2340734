import type { LogEvent } from './event.js';
import { MAX_BATCH_BYTES, MAX_BATCH_RECORDS } from './limits.js';
import { encodable, RecordEncoder } from './record-encoder.js';

/** A commit's bytes, as a store's driver takes them. */
export interface EncodedCommit {
  readonly firstSeq: number;
  readonly count: number;
  /** The record lines, each ended by LF. */
  readonly bytes: Buffer;
  /** Hash of the last record. */
  readonly headHash: string;
}

/**
 * Encodes events as one commit after the record whose hash is `prevHash`. The caller has numbered the events and
 * filled in their `meta`. Throws what encodeRecord throws, and RangeError for events that are no commit: none or too
 * many, too many bytes, numbers with gaps, mixed batch ids, epochs or writers, `end` anywhere but on the last.
 */
export function encodeCommit(events: readonly LogEvent[], prevHash: string): EncodedCommit {
  const first = events[0];
  if (first === undefined || events.length > MAX_BATCH_RECORDS) {
    throw new RangeError(`a commit has 1 to ${MAX_BATCH_RECORDS} records, not ${events.length}`);
  }
  let text = '';
  let headHash = prevHash;
  for (let index = 0; index < events.length; index++) {
    const event = events[index] ?? first;
    assertBelongs(event, first, index, index === events.length - 1);
    const encoder = new RecordEncoder({ ...event.meta, ts: event.ts });
    const record = encoder.encode(encodable(event), headHash);
    text += record.text;
    headHash = record.hash;
  }
  const bytes = Buffer.from(text, 'utf8');
  if (bytes.length > MAX_BATCH_BYTES) {
    throw new RangeError(`a commit has at most ${MAX_BATCH_BYTES} bytes, not ${bytes.length}`);
  }
  return { firstSeq: first.seq, count: events.length, bytes, headHash };
}

function assertBelongs(event: LogEvent, first: LogEvent, index: number, last: boolean): void {
  const { meta, seq } = event;
  if (seq !== first.seq + index) throw new RangeError(`seq ${first.seq + index} is due, not ${seq}`);
  if (
    meta.batch !== first.meta.batch ||
    meta.epoch !== first.meta.epoch ||
    meta.writer !== first.meta.writer
  ) {
    throw new RangeError(`seq ${seq} has another batch, epoch or writer than the commit that it is in`);
  }
  if ((meta.end === true) !== last)
    throw new RangeError(`"end" stands on the last record of a commit only (seq ${seq})`);
}
