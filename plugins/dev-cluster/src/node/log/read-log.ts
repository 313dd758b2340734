import type { ContainerLog } from './container-log.js';
import { logRecords } from './log-records.js';

/** Which part of a log is wanted, and how. */
export interface LogQuery {
  readonly follow: boolean;
  readonly timestamps: boolean;
  /** At most this many of the lines that are there already. */
  readonly tailLines?: number;
  /** Milliseconds since 1970; earlier lines are left out. */
  readonly sinceMs?: number;
  /** The answer ends after so many bytes. */
  readonly limitBytes?: number;
}

const SPACE = 0x20;
const FULL_LINE = 0x46;

/**
 * Streams a container's log as users see it. `live` is the open log, where the container still runs: with `follow` the
 * stream goes on until that is closed. Memory stays bounded at any length.
 */
export async function* readLog(
  path: string,
  live: ContainerLog | undefined,
  query: LogQuery,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  const skipped = query.tailLines === undefined ? 0 : (await countRecords(path, signal)) - query.tailLines;
  const since = query.sinceMs === undefined ? '' : new Date(query.sinceMs).toISOString().slice(0, -1);
  let left = query.limitBytes ?? Number.POSITIVE_INFINITY;
  let number = 0;
  for await (const record of logRecords(path, query.follow ? live : undefined, signal)) {
    number += 1;
    if (number <= skipped) continue;
    const line = shown(record, since, query.timestamps);
    if (line === undefined) continue;
    yield line.length > left ? line.subarray(0, left) : line;
    left -= line.length;
    if (left <= 0) return;
  }
}

/** A record as it is shown; undefined when it is too old or, after a crash in the middle of a write, no record. */
function shown(record: Buffer, since: string, withTimestamp: boolean): Buffer | undefined {
  const timeEnd = record.indexOf(SPACE);
  const streamEnd = record.indexOf(SPACE, timeEnd + 1);
  const tagEnd = record.indexOf(SPACE, streamEnd + 1);
  if (timeEnd < 0 || streamEnd < 0 || tagEnd < 0) return undefined;
  const time = record.toString('latin1', 0, timeEnd);
  if (time < since) return undefined;
  const end = record[streamEnd + 1] === FULL_LINE ? '\n' : '';
  const text = record.subarray(tagEnd + 1);
  return Buffer.concat([Buffer.from(withTimestamp ? `${time} ` : ''), text, Buffer.from(end)]);
}

async function countRecords(path: string, signal: AbortSignal): Promise<number> {
  let count = 0;
  for await (const _ of logRecords(path, undefined, signal)) count += 1;
  return count;
}
