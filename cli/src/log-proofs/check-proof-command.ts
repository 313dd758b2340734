import { resolve } from 'node:path';
import { type RynxsError, rynxsError } from '@rynxs/kernel';
import {
  CONSISTENCY_PROOF_FORMAT,
  checkConsistencyProof,
  checkProof,
  type LogEvent,
  type NoteVerifier,
  ProofError,
  type ProvenGrowth,
  parseRecord,
} from '@rynxs/log';
import { readInputFile } from '../files/input-file.js';
import { readCheckpoint } from '../log-reading/checkpoint-text.js';
import { formatRecordLine } from '../log-reading/record-line.js';
import { trustedKeys } from '../log-reading/trusted-keys.js';
import { colorsFor } from '../terminal/colors.js';
import type { OutputFormat } from '../terminal/output-format.js';
import type { Terminal } from '../terminal/terminal.js';

export interface CheckProofOptions {
  readonly key: readonly string[];
  /** The old checkpoint that the user has kept, for a consistency proof. */
  readonly checkpoint?: string;
  readonly output: OutputFormat;
}

/**
 * `rynxs log check-proof`: offline, a receipt or a consistency proof. Throws RYNXS_PROOF_INVALID for what proves nothing,
 * RYNXS_INPUT_FILE, RYNXS_LOG_KEY, RYNXS_CHECKPOINT_INVALID.
 */
export async function checkProofCommand(
  file: string,
  options: CheckProofOptions,
  terminal: Terminal,
): Promise<void> {
  const keys = await trustedKeys(options.key, terminal.cwd);
  const text = await readInputFile(resolve(terminal.cwd, file));
  const isConsistency = text.startsWith(`${CONSISTENCY_PROOF_FORMAT}\n`);
  if (!isConsistency && options.checkpoint !== undefined) {
    const detail = '--checkpoint is for a consistency proof; this is a receipt';
    throw rynxsError('RYNXS_USAGE', { detail });
  }
  if (isConsistency) await checkConsistency(file, text, keys, options, terminal);
  else checkReceipt(file, text, keys, options, terminal);
}

function checkReceipt(
  file: string,
  text: string,
  keys: readonly NoteVerifier[],
  { output }: CheckProofOptions,
  { stdout, env }: Terminal,
): void {
  const { index, size, origin, record, root } = checked(file, () => checkProof(text, keys));
  const { event, hash } = recordOf(file, record);
  if (event.seq !== index) {
    throw invalid(file, `the record says that it is seq ${event.seq}, and stands at ${index}`);
  }
  stdout.write(
    output === 'json'
      ? `${JSON.stringify({ valid: true, kind: 'inclusion', seq: index, checkpoint_size: size, origin, root: root.toString('base64'), event, event_hash: hash })}\n`
      : `valid: seq ${index} is one of the ${size} records of ${origin} that a trusted key has signed\n${formatRecordLine(event, colorsFor(stdout, env))}\n`,
  );
}

async function checkConsistency(
  file: string,
  text: string,
  keys: readonly NoteVerifier[],
  { checkpoint, output }: CheckProofOptions,
  { stdout, cwd }: Terminal,
): Promise<void> {
  const growth = checked(file, () => checkConsistencyProof(text, keys));
  if (checkpoint !== undefined) {
    const kept = readCheckpoint(await readInputFile(resolve(cwd, checkpoint)), checkpoint);
    const isSame =
      kept.origin === growth.origin && kept.size === growth.oldSize && kept.root.equals(growth.oldRoot);
    if (!isSame) throw invalid(file, `its old tree is not the one of the checkpoint ${checkpoint}`);
  }
  stdout.write(
    output === 'json'
      ? `${JSON.stringify(growthReport(growth, checkpoint !== undefined))}\n`
      : formatGrowth(growth, checkpoint),
  );
}

function growthReport(growth: ProvenGrowth, isCompared: boolean): object {
  const { origin, oldSize, oldRoot, newSize, newRoot } = growth;
  return {
    valid: true,
    kind: 'consistency',
    origin,
    old_size: oldSize,
    old_root: oldRoot.toString('base64'),
    new_size: newSize,
    new_root: newRoot.toString('base64'),
    old_checkpoint: isCompared ? 'same' : 'not compared',
  };
}

function formatGrowth({ origin, oldSize, oldRoot, newSize }: ProvenGrowth, checkpoint?: string): string {
  const proven = `valid: the ${newSize} records of ${origin} that a trusted key has signed begin with the first ${oldSize}\n`;
  return checkpoint === undefined
    ? `${proven}Compare these ${oldSize} with the checkpoint that you have kept: its root must be ${oldRoot.toString('base64')}\n`
    : `${proven}They are those of the checkpoint ${checkpoint}.\n`;
}

function recordOf(file: string, record: Uint8Array): { readonly event: LogEvent; readonly hash: string } {
  try {
    return parseRecord(record);
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    throw invalid(file, 'what it proves is not a record of an event log', cause);
  }
}

function checked<T>(file: string, check: () => T): T {
  try {
    return check();
  } catch (cause) {
    if (!(cause instanceof ProofError)) throw cause;
    throw invalid(file, cause.message, cause);
  }
}

function invalid(file: string, detail: string, cause?: unknown): RynxsError {
  return rynxsError('RYNXS_PROOF_INVALID', { file, detail }, { cause });
}
