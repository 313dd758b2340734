import { setTimeout as sleep } from 'node:timers/promises';
import type { EventStore } from '@rynxs/kernel';
import type { VerifiedLine } from '@rynxs/log';
import type { OutputFormat } from '../terminal/output-format.js';
import type { Terminal } from '../terminal/terminal.js';
import { nextSeq } from './find-seq.js';
import { logLocation } from './log-location.js';
import { notFound, openLogForReading } from './open-log.js';
import { readCommits } from './read-records.js';
import { recordPrinter } from './record-printer.js';

// A store cannot tell when something was appended. Asking a directory for its head is cheap, asking others is a request.
const POLL_DIRECTORY_MS = 200;
const POLL_OTHERS_MS = 1000;

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
  const print = recordPrinter(terminal, options.output);
  const pollMs = store.location.startsWith('file:') ? POLL_DIRECTORY_MS : POLL_OTHERS_MS;
  try {
    const head = await nextSeq(store, terminal.interrupted);
    if (head === 0 && !options.follow) throw notFound(store);
    let next = await printFrom(store, Math.max(0, head - options.lines), print, terminal.interrupted);
    while (options.follow) {
      await sleep(pollMs, undefined, { signal: terminal.interrupted });
      const end = await nextSeq(store, terminal.interrupted);
      if (end > next) next = await printFrom(store, next, print, terminal.interrupted);
    }
  } catch (error) {
    if (!options.follow || !terminal.interrupted.aborted) throw error;
  }
}

/** Prints the records from `fromSeq` and resolves to the number of the next one. */
async function printFrom(
  store: EventStore,
  fromSeq: number,
  print: (record: VerifiedLine) => Promise<void> | undefined,
  signal: AbortSignal,
): Promise<number> {
  let next = fromSeq;
  for await (const { records } of readCommits(store, fromSeq, signal)) {
    for (const record of records) {
      if (record.event.seq < next) continue;
      await print(record);
      next = record.event.seq + 1;
    }
  }
  return next;
}
