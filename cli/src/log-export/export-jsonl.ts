import { resolve } from 'node:path';
import type { EventStore } from '@rynxs/kernel';
import { NewFile } from '../files/new-file.js';
import { notFound } from '../log-reading/open-log.js';
import { readCommits } from '../log-reading/read-records.js';
import { ProgressLine } from '../terminal/progress-line.js';
import { formatCount } from '../terminal/quantities.js';
import { isInteractive, type Terminal } from '../terminal/terminal.js';
import { writeOut } from '../terminal/write-out.js';

const LF = Buffer.from('\n');
const WRITE_BYTES = 262_144;

export interface RecordRange {
  /** First and last sequence number; default the first and the last of the log. */
  readonly fromSeq?: number;
  readonly toSeq?: number;
}

export interface ExportedRecords {
  readonly records: number;
  readonly bytes: number;
}

/**
 * Writes record lines as they are stored, byte for byte, each verified: to a new file, or to standard output.
 * Throws RYNXS_LOG_DAMAGED where the log does not verify; then no file is left.
 */
export async function exportJsonl(
  store: EventStore,
  range: RecordRange,
  file: string | undefined,
  terminal: Terminal,
): Promise<ExportedRecords> {
  if (file === undefined) {
    const { stdout, interrupted } = terminal;
    // Lines are whole, so that no character of several bytes is cut.
    const write = async (lines: Buffer): Promise<void> => {
      await writeOut(stdout, lines.toString('utf8'), interrupted);
    };
    return copyRecords(store, range, write, terminal);
  }
  await using target = await NewFile.create(resolve(terminal.cwd, file));
  const copied = await copyRecords(store, range, (lines) => target.write(lines), terminal);
  await target.finish();
  return copied;
}

async function copyRecords(
  store: EventStore,
  { fromSeq = 0, toSeq = Number.POSITIVE_INFINITY }: RecordRange,
  write: (lines: Buffer) => Promise<void>,
  terminal: Terminal,
): Promise<ExportedRecords> {
  using progress = new ProgressLine(terminal);
  const isSeen = !isInteractive(terminal.stdout, terminal.env);
  let records = 0;
  let bytes = 0;
  let isEmpty = true;
  let waiting: Buffer[] = [];
  let waitingBytes = 0;
  const flush = async (): Promise<void> => {
    const lines = Buffer.concat(waiting);
    waiting = [];
    waitingBytes = 0;
    if (lines.length > 0) await write(lines);
  };
  for await (const { commit, records: all } of readCommits(store, fromSeq, terminal.interrupted)) {
    isEmpty = false;
    if (commit.firstSeq > toSeq) break;
    const chosen = all.filter(({ seq }) => seq >= fromSeq && seq <= toSeq);
    const lines = Buffer.concat(chosen.flatMap(({ line }) => [line, LF]));
    records += chosen.length;
    bytes += lines.length;
    waiting.push(lines);
    waitingBytes += lines.length;
    if (waitingBytes >= WRITE_BYTES) await flush();
    if (isSeen) progress.show(`exporting: ${formatCount(records, 'record')}`);
  }
  if (isEmpty && fromSeq === 0) throw notFound(store);
  await flush();
  return { records, bytes };
}
