import type { EventStore } from '@rynxs/kernel';
import type { OutputFormat } from '../terminal/output-format.js';
import { ProgressLine } from '../terminal/progress-line.js';
import { formatCount } from '../terminal/quantities.js';
import type { Terminal } from '../terminal/terminal.js';
import { EpochPrinter } from './epoch-printer.js';
import { LogEpochs } from './log-epochs.js';
import { logLocation } from './log-location.js';
import { notFound, openLogForReading } from './open-log.js';
import { readCommits } from './read-records.js';

/**
 * `rynxs log epochs`. Every record is verified on the way. Throws RYNXS_LOG_DAMAGED at the first one that is not as it
 * should be, two writers in a term among them, after the terms before it were printed; RYNXS_LOG_NOT_FOUND for a log
 * without any record.
 */
export async function epochsCommand(
  options: { readonly store?: string; readonly output: OutputFormat },
  terminal: Terminal,
): Promise<void> {
  const store = await openLogForReading(logLocation(options.store, terminal));
  const printer = new EpochPrinter(terminal, options.output);
  const epochs = new LogEpochs((epoch) => printer.add(epoch));
  try {
    const seen = await follow(store, epochs, printer, terminal);
    if (seen === 0) throw notFound(store);
  } catch (error) {
    terminal.interrupted.throwIfAborted();
    epochs.finish('unknown');
    await printer.finish();
    throw error;
  }
  epochs.finish('open');
  await printer.finish();
}

/** Follows all of the log; resolves to the number of its records. */
async function follow(
  store: EventStore,
  epochs: LogEpochs,
  printer: EpochPrinter,
  terminal: Terminal,
): Promise<number> {
  let seen = 0;
  using progress = new ProgressLine(terminal);
  for await (const read of readCommits(store, 0, terminal.interrupted, LogEpochs.selects)) {
    epochs.add(read);
    seen += read.commit.count;
    progress.show(`reading: ${formatCount(seen, 'record')}`);
    const written = printer.flush();
    if (written !== undefined) await written;
  }
  return seen;
}
