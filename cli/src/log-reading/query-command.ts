import type { OutputFormat } from '../terminal/output-format.js';
import { ProgressLine } from '../terminal/progress-line.js';
import { formatCount } from '../terminal/quantities.js';
import type { Terminal } from '../terminal/terminal.js';
import { findSeq } from './find-seq.js';
import { logLocation } from './log-location.js';
import { notFound, openLogForReading } from './open-log.js';
import { readCommits } from './read-records.js';
import { recordPrinter } from './record-printer.js';
import { type RecordFilters, RecordQuery } from './record-query.js';

export interface QueryOptions extends RecordFilters {
  readonly store?: string;
  /** Print at most so many records; default all. */
  readonly limit?: number;
  readonly output: OutputFormat;
}

/**
 * `rynxs log query`. That no record matches is no error. Throws RYNXS_LOG_NOT_FOUND for a log without any record,
 * RYNXS_LOG_DAMAGED where what is read does not verify.
 */
export async function queryCommand(options: QueryOptions, terminal: Terminal): Promise<void> {
  const { interrupted } = terminal;
  const store = await openLogForReading(logLocation(options.store, terminal));
  const query = new RecordQuery(options);
  const print = recordPrinter(terminal, options.output);
  const limit = options.limit ?? Number.POSITIVE_INFINITY;
  let seen = 0;
  let matches = 0;
  using progress = new ProgressLine(terminal);
  const from = query.isBounded ? await findSeq(store, (event) => query.hasBegun(event), interrupted) : 0;
  reading: for await (const { records } of readCommits(store, from, interrupted)) {
    progress.show(`reading: ${formatCount(seen, 'record')}`);
    for (const record of records) {
      seen += 1;
      const verdict = query.judge(record.event);
      if (verdict === 'after') break reading;
      if (verdict === 'other') continue;
      progress.hide();
      await print(record);
      matches += 1;
      if (matches === limit) break reading;
    }
  }
  if (seen === 0) throw notFound(store);
  progress.hide();
  if (matches === 0) terminal.stderr.write('no record matches\n');
}
