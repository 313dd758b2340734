import {
  canonicalize,
  encodeRecordText,
  type JsonMap,
  type LogEvent,
  type LogRecord,
  MAX_RECORD_BYTES,
  RECORD_HEAD_BYTES,
  RECORD_TAIL_BYTES,
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
export interface CommitStamp {
  readonly firstSeq: number;
  /** Hash of the record before; ZERO_HASH at the start of a log. */
  readonly prevHash: string;
  readonly batch: string;
  readonly epoch: number;
  readonly writer: string;
  readonly ts: string;
}

/** Everything of a record but the payload and the free-form names, rounded up. */
const ENVELOPE_BYTES = 600;
const AFTER_EVENT = -(RECORD_TAIL_BYTES + 1);

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

/** Chains the events of a commit. The records are read back from the bytes: nothing else enters a state. */
export function encodeBatch(
  events: readonly PreparedEvent[],
  stamp: CommitStamp,
): { readonly batch: Batch; readonly records: readonly LogRecord[] } {
  const { firstSeq, ts } = stamp;
  const meta = { batch: stamp.batch, epoch: stamp.epoch, writer: stamp.writer };
  const records: LogRecord[] = [];
  let lines = '';
  let { prevHash } = stamp;
  events.forEach(({ draft, payload }, index) => {
    const { type, aggregateId, traceId } = draft;
    const end = index === events.length - 1 ? { end: true as const } : {};
    const event: LogEvent = {
      aggregate_id: aggregateId,
      hash_version: 'v3',
      meta: { ...meta, ...end, trace_id: traceId },
      payload: draft.payload as unknown as LogEvent['payload'],
      seq: firstSeq + index,
      ts,
      type,
    };
    const { text, hash } = encodeRecordText(event, prevHash, payload);
    records.push({ event: JSON.parse(text.slice(RECORD_HEAD_BYTES, AFTER_EVENT)) as LogEvent, hash });
    lines += text;
    prevHash = hash;
  });
  return { batch: { firstSeq, count: events.length, bytes: Buffer.from(lines) }, records };
}
