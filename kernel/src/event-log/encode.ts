import {
  type CommitStamp,
  canonicalize,
  type JsonMap,
  type LogEvent,
  type LogRecord,
  MAX_RECORD_BYTES,
  RecordEncoder,
} from '@rynxs/log';
import type { Batch } from '../contracts/event-store.js';
import { rynxsError } from '../errors/rynxs-error.js';
import type { EventDraft } from '../reconcile/events.js';

/** A draft that is known to fit into a record. */
export interface PreparedEvent {
  readonly draft: EventDraft;
  /** The payload's canonical JSON. */
  readonly payload: string;
  /** At least the bytes of the record. */
  readonly bytes: number;
}

/** What the writer decides for a whole commit. */
export interface BatchPosition {
  readonly firstSeq: number;
  /** Hash of the record before; ZERO_HASH at the start of a log. */
  readonly prevHash: string;
}

/** Everything of a record but the payload and the free-form names, rounded up. */
const ENVELOPE_BYTES = 600;

/** Throws RYNXS_EVENT_INVALID or RYNXS_EVENT_TOO_LARGE. */
export function prepareEvent(draft: EventDraft): PreparedEvent {
  const { type, aggregateId: aggregate } = draft;
  let payload: string;
  try {
    payload = canonicalize(draft.payload as unknown as JsonMap);
  } catch (cause) {
    const detail = cause instanceof Error ? cause.message : String(cause);
    throw rynxsError('RYNXS_EVENT_INVALID', { type, aggregate, detail }, { cause });
  }
  const bytes = Buffer.byteLength(payload) + Buffer.byteLength(aggregate) + type.length + ENVELOPE_BYTES;
  if (bytes > MAX_RECORD_BYTES) {
    throw rynxsError('RYNXS_EVENT_TOO_LARGE', { type, aggregate, bytes, limitBytes: MAX_RECORD_BYTES });
  }
  return { draft, payload, bytes };
}

/** A commit that is ready to be stored. */
export interface EncodedBatch {
  readonly batch: Batch;
  /** The records' hashes, in order. */
  readonly hashes: readonly string[];
}

/** Chains the events of a commit. */
export function encodeBatch(
  events: readonly PreparedEvent[],
  { firstSeq, prevHash }: BatchPosition,
  stamp: CommitStamp,
): EncodedBatch {
  const encoder = new RecordEncoder(stamp);
  const hashes: string[] = [];
  let lines = '';
  let before = prevHash;
  for (let index = 0; index < events.length; index++) {
    const { draft, payload } = events[index] as PreparedEvent;
    const { type, aggregateId, traceId } = draft;
    const seq = firstSeq + index;
    const isLast = index === events.length - 1;
    const { text, hash } = encoder.encode({ aggregateId, traceId, type, seq, payload, isLast }, before);
    lines += text;
    hashes.push(hash);
    before = hash;
  }
  return { batch: { firstSeq, count: events.length, bytes: Buffer.from(lines) }, hashes };
}

/**
 * The records of an encoded commit. What enters a state is read back from the canonical text: payloads are parsed, and no
 * other field can differ from its text.
 */
export function recordsOf(
  events: readonly PreparedEvent[],
  { batch: { firstSeq }, hashes }: EncodedBatch,
  { batch, epoch, writer, ts }: CommitStamp,
): readonly LogRecord[] {
  return events.map(({ draft, payload }, index) => {
    const { type, aggregateId, traceId } = draft;
    const end = index === events.length - 1 ? { end: true as const } : {};
    const event: LogEvent = {
      aggregate_id: aggregateId,
      hash_version: 'v3',
      meta: { batch, ...end, epoch, trace_id: traceId, writer },
      payload: JSON.parse(payload) as LogEvent['payload'],
      seq: firstSeq + index,
      ts,
      type,
    };
    return { event, hash: hashes[index] ?? '' };
  });
}
