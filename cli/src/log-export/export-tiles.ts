import { resolve } from 'node:path';
import { type EventStore, rynxsError } from '@rynxs/kernel';
import { type NoteVerifier, TileBuilder } from '@rynxs/log';
import { contradiction } from '../log-proofs/contradiction.js';
import { signedCheckpoints } from '../log-proofs/signed-checkpoints.js';
import { type ReadCheckpoint, readCheckpoint } from '../log-reading/checkpoint-text.js';
import { nextSeq } from '../log-reading/find-seq.js';
import { notFound } from '../log-reading/open-log.js';
import { readTreeLines } from '../log-reading/tree-lines.js';
import { ProgressLine } from '../terminal/progress-line.js';
import { formatCount } from '../terminal/quantities.js';
import type { Terminal } from '../terminal/terminal.js';
import { TilesDirectory } from './tiles-directory.js';

/** What an export holds now, and what of it is new. */
export interface ExportedTiles {
  readonly origin: string;
  /** Records that the checkpoint covers, which is all that is exported. */
  readonly size: number;
  readonly files: number;
  readonly bytes: number;
}

/**
 * Writes a log up to its newest signed checkpoint as C2SP tlog-tiles: `checkpoint`, `tile/…`, `tile/entries/…`. A
 * directory that holds a former export of the log is brought up to date.
 * Throws RYNXS_CHECKPOINT_MISSING, RYNXS_CHECKPOINT_INVALID, RYNXS_EXPORT_DIRECTORY, RYNXS_LOG_DAMAGED.
 */
export async function exportTiles(
  store: EventStore,
  dir: string,
  trusted: readonly NoteVerifier[],
  terminal: Terminal,
): Promise<ExportedTiles> {
  const { interrupted, cwd } = terminal;
  const head = await nextSeq(store, interrupted);
  if (head === 0) throw notFound(store);
  const [checkpoint] = await signedCheckpoints(store, head, { min: 1, max: head }, trusted, interrupted);
  if (checkpoint === undefined) {
    const detail = trusted.length === 0 ? 'is there' : 'is there, by a key that was given';
    throw rynxsError('RYNXS_CHECKPOINT_MISSING', { location: store.location, detail });
  }
  const path = resolve(cwd, dir);
  const target = await TilesDirectory.open(path);
  try {
    mustContinue(await target.checkpoint(), checkpoint, path);
    const { root } = await writeTiles(store, checkpoint.size, target, terminal);
    if (!root.equals(checkpoint.root)) throw contradiction(store, checkpoint.size, trusted.length > 0);
    await target.finish(checkpoint.text);
  } catch (error) {
    await target.abandon();
    throw error;
  }
  return { origin: checkpoint.origin, size: checkpoint.size, ...target.written };
}

async function writeTiles(
  store: EventStore,
  size: number,
  target: TilesDirectory,
  terminal: Terminal,
): Promise<{ readonly root: Buffer }> {
  using progress = new ProgressLine(terminal);
  const builder = new TileBuilder((path, bytes) => target.add(path, bytes));
  const show = (records: number): void => progress.show(`exporting: ${formatCount(records, 'record')}`);
  for await (const lines of readTreeLines(store, size, terminal.interrupted, show)) {
    builder.appendLines(lines);
    await target.room();
  }
  return builder.finish();
}

/** An export only grows: whoever follows it must never see it become another one, or an older one. */
function mustContinue(former: string | undefined, { origin, size }: ReadCheckpoint, dir: string): void {
  if (former === undefined) return;
  const before = readCheckpoint(former, 'of the former export');
  if (before.origin !== origin) {
    const detail = `it holds an export of ${before.origin}, and this log is ${origin}`;
    throw rynxsError('RYNXS_EXPORT_DIRECTORY', { dir, detail });
  }
  if (before.size > size) {
    const detail = `it holds an export of ${before.size} records, and the newest signed checkpoint is of ${size}`;
    throw rynxsError('RYNXS_EXPORT_DIRECTORY', { dir, detail });
  }
}
