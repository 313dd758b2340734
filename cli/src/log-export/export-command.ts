import { rynxsError } from '@rynxs/kernel';
import { logLocation } from '../log-reading/log-location.js';
import { openLogForReading } from '../log-reading/open-log.js';
import { trustedKeys } from '../log-reading/trusted-keys.js';
import type { OutputFormat } from '../terminal/output-format.js';
import { formatBytes, formatCount } from '../terminal/quantities.js';
import type { Terminal } from '../terminal/terminal.js';
import { exportJsonl } from './export-jsonl.js';
import { exportTiles } from './export-tiles.js';

export interface ExportOptions {
  readonly store?: string;
  readonly format: 'jsonl' | 'tlog-tiles';
  readonly to?: string;
  readonly fromSeq?: number;
  readonly toSeq?: number;
  readonly key?: readonly string[];
  readonly output: OutputFormat;
}

/** `rynxs log export`. Throws RYNXS_USAGE for options that do not go together, and what the formats' exports throw. */
export async function exportCommand(
  dir: string | undefined,
  options: ExportOptions,
  terminal: Terminal,
): Promise<void> {
  if (options.format === 'jsonl') await jsonl(dir, options, terminal);
  else await tiles(dir, options, terminal);
}

async function jsonl(dir: string | undefined, options: ExportOptions, terminal: Terminal): Promise<void> {
  const { to, fromSeq, toSeq, key, output } = options;
  if (dir !== undefined) throw usage('jsonl goes to standard output, or to a file with --to');
  if (key !== undefined) throw usage('--key is for --format tlog-tiles');
  if (to === undefined && output === 'json')
    throw usage('--output json needs --to, so that only one of them is printed');
  if (fromSeq !== undefined && toSeq !== undefined && fromSeq > toSeq) {
    throw usage('--from-seq is after --to-seq');
  }
  const store = await openLogForReading(logLocation(options.store, terminal));
  const range = {
    ...(fromSeq === undefined ? {} : { fromSeq }),
    ...(toSeq === undefined ? {} : { toSeq }),
  };
  const { records, bytes } = await exportJsonl(store, range, to, terminal);
  if (to === undefined) return;
  const report = { location: store.location, format: 'jsonl', file: to, records, bytes };
  if (output === 'json') terminal.stdout.write(`${JSON.stringify(report)}\n`);
  else terminal.stderr.write(`${to}: ${formatCount(records, 'record')}, ${formatBytes(bytes)}\n`);
}

async function tiles(dir: string | undefined, options: ExportOptions, terminal: Terminal): Promise<void> {
  if (dir === undefined) throw usage('tlog-tiles need a directory');
  if (options.to !== undefined || options.fromSeq !== undefined || options.toSeq !== undefined) {
    throw usage('--to, --from-seq and --to-seq are for --format jsonl');
  }
  const trusted = await trustedKeys(options.key, terminal.cwd);
  const store = await openLogForReading(logLocation(options.store, terminal));
  const { origin, size, files, bytes } = await exportTiles(store, dir, trusted, terminal);
  const report = { location: store.location, format: 'tlog-tiles', dir, origin, size, files, bytes };
  terminal.stdout.write(
    options.output === 'json'
      ? `${JSON.stringify(report)}\n`
      : `${dir}: ${formatCount(size, 'record')} of ${origin}; ${formatCount(files, 'new file')}, ${formatBytes(bytes)}\n`,
  );
}

function usage(detail: string): Error {
  return rynxsError('RYNXS_USAGE', { detail });
}
