import { resolve } from 'node:path';
import { type EventStore, rynxsError } from '@rynxs/kernel';
import type { NoteVerifier } from '@rynxs/log';
import { readInputFile } from '../files/input-file.js';
import { NewFile } from '../files/new-file.js';
import { type ReadCheckpoint, readCheckpoint } from '../log-reading/checkpoint-text.js';
import { nextSeq } from '../log-reading/find-seq.js';
import { logLocation } from '../log-reading/log-location.js';
import { notFound, openLogForReading } from '../log-reading/open-log.js';
import { trustedKeys } from '../log-reading/trusted-keys.js';
import type { OutputFormat } from '../terminal/output-format.js';
import { ProgressLine } from '../terminal/progress-line.js';
import { formatCount } from '../terminal/quantities.js';
import type { Terminal } from '../terminal/terminal.js';
import { contradiction } from './contradiction.js';
import { proveConsistency } from './prove-consistency.js';
import { signedCheckpoints } from './signed-checkpoints.js';

export interface ConsistencyOptions {
  readonly store?: string;
  readonly key?: readonly string[];
  readonly out?: string;
  readonly output: OutputFormat;
}

/** A consistency proof; the names are those of `--output json`. */
interface ConsistencyReport {
  readonly location: string;
  readonly origin: string;
  readonly old_size: number;
  /** In base64, as checkpoints have it. */
  readonly old_root: string;
  readonly new_size: number;
  readonly new_root: string;
  /** Where it was written to; null: it is in `proof`. */
  readonly file: string | null;
  readonly proof: string | null;
}

/** A number of records, or a checkpoint that the user has kept. */
type TreeState = { readonly size: number } | ReadCheckpoint;

/**
 * `rynxs log consistency`. `older` and `newer` are sizes or files with checkpoints; without `newer`, the newest signed one.
 * Throws RYNXS_CHECKPOINT_MISSING, RYNXS_CHECKPOINT_INVALID, RYNXS_LOG_DAMAGED also when the log is not what a kept
 * checkpoint says, RYNXS_OUTPUT_FILE.
 */
export async function consistencyCommand(
  older: string,
  newer: string | undefined,
  options: ConsistencyOptions,
  terminal: Terminal,
): Promise<void> {
  const { interrupted, cwd } = terminal;
  const trusted = await trustedKeys(options.key, cwd);
  const old = await treeState(older, cwd);
  const store = await openLogForReading(logLocation(options.store, terminal));
  const head = await nextSeq(store, interrupted);
  if (head === 0) throw notFound(store);
  const wanted = newer === undefined ? undefined : await treeState(newer, cwd);
  const checkpoint = await newCheckpoint(store, head, old.size, wanted, trusted, interrupted);
  mustGrow(old, checkpoint);
  // Made first: that it cannot be written is better known before the work than after it.
  await using file = options.out === undefined ? undefined : await NewFile.create(resolve(cwd, options.out));
  using progress = new ProgressLine(terminal);
  const proven = await proveConsistency(store, old.size, checkpoint, interrupted, (records) =>
    progress.show(`hashing: ${formatCount(records, 'record')}`),
  );
  progress.hide();
  if (proven === undefined) throw contradiction(store, checkpoint.size, trusted.length > 0);
  if ('root' in old && !old.root.equals(proven.oldRoot)) throw contradiction(store, old.size, true);
  await file?.write(proven.proof);
  await file?.finish();
  const report: ConsistencyReport = {
    location: store.location,
    origin: checkpoint.origin,
    old_size: old.size,
    old_root: proven.oldRoot.toString('base64'),
    new_size: checkpoint.size,
    new_root: checkpoint.root.toString('base64'),
    file: options.out ?? null,
    proof: options.out === undefined ? proven.proof : null,
  };
  print(report, options.output, terminal);
}

function print(report: ConsistencyReport, output: OutputFormat, { stdout, stderr }: Terminal): void {
  const { file, proof, old_size, new_size, origin } = report;
  if (output === 'json') stdout.write(`${JSON.stringify(report)}\n`);
  else if (proof !== null) stdout.write(proof);
  else
    stderr.write(
      `${file}: proof that the ${new_size} records of ${origin} begin with the first ${old_size}\n`,
    );
}

async function treeState(named: string, cwd: string): Promise<TreeState> {
  if (/^\d{1,10}$/.test(named)) return { size: Number(named) };
  return readCheckpoint(await readInputFile(resolve(cwd, named)), named);
}

async function newCheckpoint(
  store: EventStore,
  head: number,
  oldSize: number,
  wanted: TreeState | undefined,
  trusted: readonly NoteVerifier[],
  signal: AbortSignal,
): Promise<ReadCheckpoint> {
  if (wanted !== undefined && 'root' in wanted) return wanted;
  const range = wanted === undefined ? { min: oldSize, max: head } : { min: wanted.size, max: wanted.size };
  const from = wanted === undefined ? head : wanted.size;
  const [newest] = await signedCheckpoints(store, from, range, trusted, signal);
  if (newest !== undefined) return newest;
  const size = wanted === undefined ? `at least ${oldSize}` : String(wanted.size);
  const detail = `is of ${size} records${trusted.length === 0 ? '' : ', by a key that was given'}`;
  throw rynxsError('RYNXS_CHECKPOINT_MISSING', { location: store.location, detail });
}

function mustGrow(old: TreeState, { size, origin }: ReadCheckpoint): void {
  if (old.size === 0 || old.size > size) {
    const detail = `the old size must be from 1 to ${size}, the size of the new checkpoint, not ${old.size}`;
    throw rynxsError('RYNXS_USAGE', { detail });
  }
  if ('origin' in old && old.origin !== origin) {
    const detail = `it is of ${old.origin}, and the new one of ${origin}`;
    throw rynxsError('RYNXS_CHECKPOINT_INVALID', { name: `of ${old.size} records`, detail });
  }
}
