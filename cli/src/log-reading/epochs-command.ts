import type { OutputFormat } from '../terminal/output-format.js';
import { ProgressLine } from '../terminal/progress-line.js';
import { formatCount, formatNumber } from '../terminal/quantities.js';
import { formatTable } from '../terminal/table.js';
import type { Terminal } from '../terminal/terminal.js';
import { type EpochReport, LogEpochs } from './log-epochs.js';
import { logLocation } from './log-location.js';
import { notFound, openLogForReading } from './open-log.js';
import { readCommits } from './read-records.js';

/** `rynxs log epochs`. Throws RYNXS_LOG_DAMAGED when the log does not verify on the way. */
export async function epochsCommand(
  options: { readonly store?: string; readonly output: OutputFormat },
  terminal: Terminal,
): Promise<void> {
  const store = await openLogForReading(logLocation(options.store, terminal));
  const epochs: EpochReport[] = [];
  const following = new LogEpochs((epoch) => void epochs.push(epoch));
  let seen = 0;
  using progress = new ProgressLine(terminal);
  for await (const { records } of readCommits(store, 0, terminal.interrupted)) {
    for (const record of records) following.add(record);
    seen += records.length;
    progress.show(`reading: ${formatCount(seen, 'record')}`);
  }
  if (seen === 0) throw notFound(store);
  following.finish();
  progress.hide();
  terminal.stdout.write(options.output === 'json' ? `${JSON.stringify(epochs)}\n` : formatEpochs(epochs));
}

export function formatEpochs(epochs: readonly EpochReport[]): string {
  return formatTable(
    ['EPOCH', 'HOLDER', 'FROM', 'TO', 'RECORDS', 'BEGAN', 'LAST RECORD', 'END'],
    epochs.map((epoch) => [
      String(epoch.epoch),
      epoch.holder ?? '-',
      `seq ${epoch.first_seq}`,
      `seq ${epoch.last_seq}`,
      formatNumber(epoch.records),
      epoch.first_ts,
      epoch.last_ts,
      epoch.reason === null ? epoch.end : `${epoch.end}: ${epoch.reason}`,
    ]),
  );
}
