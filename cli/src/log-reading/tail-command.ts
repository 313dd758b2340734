import { setTimeout as sleep } from 'node:timers/promises';
import type { EventStore } from '@rynxs/kernel';
import { colorsFor } from '../terminal/colors.js';
import type { OutputFormat } from '../terminal/output-format.js';
import type { Terminal } from '../terminal/terminal.js';
import { logLocation } from './log-location.js';
import { notFound, openLogForReading } from './open-log.js';
import { readFailure } from './read-failure.js';
import { type ReadRecord, readCommits } from './read-records.js';
import { formatRecordLine } from './record-line.js';

// A store cannot tell when something was appended; asking for its head is cheap.
const POLL_MS = 200;

/** `rynxs log tail`. With `follow` it goes on until the user interrupts, which is its good end. */
export async function tailCommand(
  options: {
    readonly store?: string;
    readonly lines: number;
    readonly follow: boolean;
    readonly output: OutputFormat;
  },
  terminal: Terminal,
): Promise<void> {
  const store = await openLogForReading(logLocation(options.store, terminal));
  const colors = colorsFor(terminal.stdout, terminal.env);
  const print = ({ event, hash }: ReadRecord): void => {
    terminal.stdout.write(
      options.output === 'json'
        ? `${JSON.stringify({ ...event, hash })}\n`
        : `${formatRecordLine(event, colors)}\n`,
    );
  };
  const head = await nextSeq(store, terminal.interrupted);
  if (head === 0 && !options.follow) throw notFound(store);
  let next = await printFrom(store, Math.max(0, head - options.lines), print, terminal.interrupted);
  try {
    while (options.follow) {
      await sleep(POLL_MS, undefined, { signal: terminal.interrupted });
      const end = await nextSeq(store, terminal.interrupted);
      if (end > next) next = await printFrom(store, next, print, terminal.interrupted);
    }
  } catch (error) {
    if (!terminal.interrupted.aborted) throw error;
  }
}

async function nextSeq(store: EventStore, signal: AbortSignal): Promise<number> {
  try {
    return (await store.head(signal)).nextSeq;
  } catch (cause) {
    signal.throwIfAborted();
    throw readFailure(store, cause);
  }
}

/** Prints the records from `fromSeq` and resolves to the number of the next one. */
async function printFrom(
  store: EventStore,
  fromSeq: number,
  print: (record: ReadRecord) => void,
  signal: AbortSignal,
): Promise<number> {
  let next = fromSeq;
  for await (const { records } of readCommits(store, fromSeq, signal)) {
    for (const record of records) {
      if (record.event.seq < next) continue;
      print(record);
      next = record.event.seq + 1;
    }
  }
  return next;
}
