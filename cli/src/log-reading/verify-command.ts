import type { OutputFormat } from '../terminal/output-format.js';
import { ProgressLine } from '../terminal/progress-line.js';
import { formatBytes, formatCount, formatElapsed } from '../terminal/quantities.js';
import type { Terminal } from '../terminal/terminal.js';
import { logLocation } from './log-location.js';
import { notFound, openLogForReading } from './open-log.js';
import { type VerifyReport, verifyLog } from './verify-log.js';

const INTACT = 0;
const TAMPERED = 1;

/** `rynxs log verify`. Resolves to the exit code. Throws RYNXS_LOG_NOT_FOUND also for a log without any record. */
export async function verifyCommand(
  options: { readonly store?: string; readonly output: OutputFormat },
  terminal: Terminal,
): Promise<number> {
  const store = await openLogForReading(logLocation(options.store, terminal));
  using progress = new ProgressLine(terminal);
  const report = await verifyLog(store, {
    signal: terminal.interrupted,
    onProgress: (records) => progress.show(`verifying: ${formatCount(records, 'record')}`),
  });
  if (report.records === 0 && report.damage === null) throw notFound(store);
  progress[Symbol.dispose]();
  terminal.stdout.write(
    options.output === 'json' ? `${JSON.stringify(report)}\n` : formatVerifyReport(report),
  );
  return report.intact ? INTACT : TAMPERED;
}

/** The report for people, with what it does not claim. */
export function formatVerifyReport(report: VerifyReport): string {
  const { damage, head, unfinished } = report;
  const rows: [string, string][] = [
    ['log', report.location],
    [
      'records',
      `${formatCount(report.records, 'record')} in ${formatCount(report.commits, 'commit')}, ${formatBytes(report.bytes)}`,
    ],
    ['head', head === null ? 'none' : `seq ${head.seq}, ${head.hash}`],
  ];
  if (report.epochs !== null) rows.push(['epochs', String(report.epochs)]);
  if (report.log_id !== null) rows.push(['log id', report.log_id]);
  if (damage !== null) {
    rows.push(
      ['first bad', `seq ${damage.first_bad_seq}, at byte ${damage.offset}`],
      ['last good', damage.last_good_seq === null ? 'none' : `seq ${damage.last_good_seq}`],
      ['damage', `${damage.kind}: ${damage.detail}`],
    );
  }
  if (unfinished !== null) {
    const what = `${formatBytes(unfinished.bytes)} from seq ${unfinished.seq} on, being written or never finished`;
    rows.push(['unfinished', `${what}; not part of the log`]);
  }
  rows.push(['signed_to', report.signed_to], ['trust', report.trust]);
  const verdict = report.intact
    ? `intact: every record is as it was written (checked in ${formatElapsed(report.elapsed_ms)})`
    : 'TAMPERED: the log is not as it was written; up to the last good record it is';
  const lines = rows.map(([name, value]) => `${name.padEnd(11)} ${value}\n`).join('');
  const torn = damage?.in_last_commit === true ? LAST_COMMIT : '';
  return `${verdict}\n${lines}${torn}${INCOMPLETE}`;
}

const LAST_COMMIT = `This is the last commit: if the machine crashed while it was written, it was never acknowledged, and the
operator moves it aside when it starts, and records that. Otherwise it was altered.
`;
const INCOMPLETE = `Completeness is not proven: without signed checkpoints, records cut off at the end or a log rewritten as
a whole cannot be told from the original.
`;
