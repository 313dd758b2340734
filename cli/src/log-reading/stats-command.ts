import type { OutputFormat } from '../terminal/output-format.js';
import { ProgressLine } from '../terminal/progress-line.js';
import { formatBytes, formatCount, formatNumber } from '../terminal/quantities.js';
import { formatTable } from '../terminal/table.js';
import type { Terminal } from '../terminal/terminal.js';
import { logLocation } from './log-location.js';
import { LogStatistics, type LogStatisticsReport } from './log-statistics.js';
import { notFound, openLogForReading } from './open-log.js';
import { readCommits } from './read-records.js';

const AGENTS_SHOWN = 20;

/** `rynxs log stats`. Throws RYNXS_LOG_DAMAGED when the log does not verify on the way. */
export async function statsCommand(
  options: { readonly store?: string; readonly output: OutputFormat },
  terminal: Terminal,
): Promise<void> {
  const store = await openLogForReading(logLocation(options.store, terminal));
  const statistics = new LogStatistics();
  using progress = new ProgressLine(terminal);
  for await (const { records } of readCommits(store, 0, terminal.interrupted)) {
    statistics.add(records);
    progress.show(`reading: ${formatCount(statistics.records, 'record')}`);
  }
  if (statistics.records === 0) throw notFound(store);
  progress[Symbol.dispose]();
  const report = { location: store.location, ...statistics.report() };
  terminal.stdout.write(options.output === 'json' ? `${JSON.stringify(report)}\n` : formatStatistics(report));
}

/** The statistics for people; the busiest agents only. */
export function formatStatistics(report: LogStatisticsReport & { readonly location: string }): string {
  const { by_agent, by_epoch, by_type } = report;
  const more = by_agent.length - AGENTS_SHOWN;
  return [
    `log      ${report.location}\n`,
    `records  ${formatNumber(report.records)} in ${formatCount(report.commits, 'commit')}, ${formatBytes(report.bytes)}, the largest ${formatBytes(report.largest_record_bytes)}\n`,
    `first    ${report.first_ts ?? '-'}\n`,
    `last     ${report.last_ts ?? '-'}\n`,
    `rate     ${report.records_per_second === null ? '-' : `${report.records_per_second} records/s`}\n`,
    '\n',
    formatTable(['TYPE', 'RECORDS'], by_type.map(rowOf)),
    '\n',
    formatTable(['AGGREGATE', 'RECORDS'], by_agent.slice(0, AGENTS_SHOWN).map(rowOf)),
    more > 0 ? `and ${formatNumber(more)} more\n` : '',
    '\n',
    formatTable(['EPOCH', 'RECORDS'], by_epoch.map(rowOf)),
  ].join('');
}

function rowOf({ name, records }: { readonly name: string | number; readonly records: number }): string[] {
  return [String(name), formatNumber(records)];
}
