import type { Json, JsonMap, LogEvent } from '@rynxs/log';

/** What commands show of an event, whichever version wrote it. */
export interface ShownEvent {
  readonly seq: number;
  /** RFC 3339; empty where the event has no time that can be read. */
  readonly ts: string;
  readonly type: string;
  readonly aggregateId: string;
  /** 0 for events of the earlier versions, which knew no terms. */
  readonly epoch: number;
  readonly payload: JsonMap;
}

const NOTHING = '-';

/**
 * Reads an event for people. Those of version 3 are as they should be. Of those of the earlier versions only the number
 * is sure: any other field may be missing, and times are seconds since 1970 or text.
 */
export function shownEvent(event: LogEvent): ShownEvent {
  const fields = event as unknown as Readonly<Record<string, Json | undefined>>;
  const epoch = mapOf(fields.meta).epoch;
  return {
    seq: event.seq,
    ts: timeOf(fields.ts),
    type: textOf(fields.type) ?? NOTHING,
    aggregateId: textOf(fields.aggregate_id) ?? NOTHING,
    epoch: typeof epoch === 'number' ? epoch : 0,
    payload: mapOf(fields.payload),
  };
}

export function textOf(value: Json | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

export function mapOf(value: Json | undefined): JsonMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonMap) : {};
}

function timeOf(value: Json | undefined): string {
  const date = typeof value === 'number' ? new Date(value * 1000) : new Date(textOf(value) ?? '');
  if (Number.isNaN(date.getTime())) return '';
  return typeof value === 'string' ? value : date.toISOString();
}
