import { type LogPosition, type LogRecord, parseRecord, RolledBack } from '@rynxs/log';
import type { EventStore } from '../contracts/event-store.js';

const LF = 0x0a;

/** Where somebody has got to in a log. */
export type LogPlace = Pick<LogPosition, 'size' | 'headHash' | 'term'>;

/**
 * What the store holds behind a position that was read or written before, once the last record before it has been found in
 * its place. Throws RolledBack when it is gone, or another one stands there: whoever went on behind it would leave a hole
 * in a log that was emptied, or build on one that is not the same. Throws what the driver throws.
 */
export async function* readOn(
  store: EventStore,
  { size, headHash, term }: LogPlace,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  // As it is now: who reads moves it.
  const place = { size, headHash, term };
  if (size === 0) {
    yield* store.read(0, signal);
    return;
  }
  let isFound = false;
  for await (const chunk of store.read(size - 1, signal)) {
    if (isFound) {
      yield chunk;
      continue;
    }
    const rest = behind(chunk, place);
    if (rest === undefined) continue;
    isFound = true;
    if (rest.length > 0) yield rest;
  }
  if (!isFound) throw changed('truncated', place, `its record ${size - 1} (${headHash}) is gone`);
}

/** What follows the last record of the place in whole lines; undefined when it comes later. */
function behind(chunk: Uint8Array, place: LogPlace): Uint8Array | undefined {
  const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  const last = place.size - 1;
  for (let start = 0; start < bytes.length; ) {
    const lf = bytes.indexOf(LF, start);
    const end = lf < 0 ? bytes.length : lf;
    const { event, hash } = recordIn(bytes.subarray(start, end), place);
    if (event.seq >= last) {
      if (event.seq === last && hash === place.headHash) return bytes.subarray(end + 1);
      throw changed('rewritten', place, `another record stands in the place of record ${last}`);
    }
    start = end + 1;
  }
  return undefined;
}

function recordIn(line: Buffer, place: LogPlace): LogRecord {
  try {
    return parseRecord(line);
  } catch (error) {
    if (!(error instanceof SyntaxError) && !(error instanceof TypeError)) throw error;
    throw changed('rewritten', place, `what stands in the place of record ${place.size - 1} is none`);
  }
}

function changed(kind: 'truncated' | 'rewritten', { size, term }: LogPlace, detail: string): RolledBack {
  return new RolledBack(kind, size - 1, detail, {
    knownSize: size,
    lastTs: term.lastTs,
    checkpoint: undefined,
  });
}

/** Throws RolledBack unless the store holds the last record of the place; what the driver throws. */
export async function mustHold(store: EventStore, place: LogPlace, signal: AbortSignal): Promise<void> {
  for await (const _ of readOn(store, place, signal)) return;
}
