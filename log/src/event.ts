/** JSON without undefined and NaN: what an event may hold. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
export type JsonMap = { readonly [key: string]: Json };

/** The aggregate of the events in which a log speaks of itself. */
export const LOG_AGGREGATE = 'log';

/** Who wrote an event, and with which others it was committed. */
export interface EventMeta {
  /** Random id, the same for all records of a commit. */
  readonly batch: string;
  /** Present, and true, on the last record of a commit only. */
  readonly end?: true;
  /** The term that wrote the event; see `EpochStarted`. */
  readonly epoch: number;
  /** Joins the event with log lines and with the reconcile that caused it. */
  readonly trace_id: string;
  /** Identity of the writing process. */
  readonly writer: string;
}

/**
 * An event of hash version 3, with the names that it has in the log.
 * `aggregate_id` is `<plural>/<namespace>/<name>` of the object that it is about (`<plural>/<name>` where there are no
 * namespaces), or `log` for the log's own events.
 */
export interface LogEvent {
  readonly aggregate_id: string;
  readonly hash_version: 'v3';
  readonly meta: EventMeta;
  /** `v` is the version of the payload's shape. */
  readonly payload: JsonMap & { readonly v: number };
  /** Position in the log, from 0 without gaps. */
  readonly seq: number;
  /** RFC 3339 UTC with milliseconds, decided by the writer, never decreasing. */
  readonly ts: string;
  readonly type: string;
}

/** A verified record as readers get it. */
export interface LogRecord {
  readonly event: LogEvent;
  /** Hash of this record: 64 lower-case hex digits. */
  readonly hash: string;
}
