import { resolve } from 'node:path';
import { type EventStore, rynxsError } from '@rynxs/kernel';
import { NewFile } from '../files/new-file.js';
import { nextSeq } from '../log-reading/find-seq.js';
import { logLocation } from '../log-reading/log-location.js';
import { notFound, openLogForReading } from '../log-reading/open-log.js';
import { trustedKeys } from '../log-reading/trusted-keys.js';
import type { OutputFormat } from '../terminal/output-format.js';
import { ProgressLine } from '../terminal/progress-line.js';
import { formatCount } from '../terminal/quantities.js';
import type { Terminal } from '../terminal/terminal.js';
import { contradiction } from './contradiction.js';
import { proveInclusion } from './prove-inclusion.js';
import { signedCheckpoints } from './signed-checkpoints.js';

/** After a recovery a few of the newest checkpoints may be of what was given up. */
const CHECKPOINTS_TRIED = 4;

export interface ProofOptions {
  readonly store?: string;
  readonly key?: readonly string[];
  readonly out?: string;
  readonly output: OutputFormat;
}

/** A receipt; the names are those of `--output json`. */
interface ProofReport {
  readonly location: string;
  readonly seq: number;
  /** Size of the checkpoint that it is against. */
  readonly checkpoint_size: number;
  readonly origin: string;
  /** Where it was written to; null: it is in `receipt`. */
  readonly file: string | null;
  readonly receipt: string | null;
}

/**
 * `rynxs log proof`. Throws RYNXS_LOG_NO_SUCH_RECORD, RYNXS_CHECKPOINT_MISSING when no signed checkpoint covers the record
 * yet, RYNXS_LOG_DAMAGED, RYNXS_OUTPUT_FILE.
 */
export async function proofCommand(seq: number, options: ProofOptions, terminal: Terminal): Promise<void> {
  const trusted = await trustedKeys(options.key, terminal.cwd);
  const store = await openLogForReading(logLocation(options.store, terminal));
  const head = await nextSeq(store, terminal.interrupted);
  if (head === 0) throw notFound(store);
  if (seq >= head) throw rynxsError('RYNXS_LOG_NO_SUCH_RECORD', { location: store.location, seq });
  const range = { min: seq + 1, max: head };
  const checkpoints = await signedCheckpoints(store, head, range, trusted, terminal.interrupted);
  if (checkpoints.length === 0) {
    const detail = `covers seq ${seq} yet${trusted.length === 0 ? '' : ', by a key that was given'}`;
    throw rynxsError('RYNXS_CHECKPOINT_MISSING', { location: store.location, detail });
  }
  // Made first: that it cannot be written is better known before the work than after it.
  await using file =
    options.out === undefined ? undefined : await NewFile.create(resolve(terminal.cwd, options.out));
  for (const checkpoint of checkpoints.slice(0, CHECKPOINTS_TRIED)) {
    const receipt = await withProgress(terminal, (onProgress) =>
      proveInclusion(store, seq, checkpoint, terminal.interrupted, onProgress),
    );
    if (receipt === undefined) continue;
    await file?.write(receipt);
    await file?.finish();
    const { size, origin } = checkpoint;
    print(receipt, { store, seq, size, origin }, options, terminal);
    return;
  }
  throw contradiction(store, checkpoints[0]?.size ?? 0, trusted.length > 0);
}

async function withProgress<T>(
  terminal: Terminal,
  work: (onProgress: (records: number) => void) => Promise<T>,
): Promise<T> {
  using progress = new ProgressLine(terminal);
  return await work((records) => progress.show(`hashing: ${formatCount(records, 'record')}`));
}

function print(
  receipt: string,
  about: {
    readonly store: EventStore;
    readonly seq: number;
    readonly size: number;
    readonly origin: string;
  },
  { out, output }: ProofOptions,
  { stdout, stderr }: Terminal,
): void {
  const { store, seq, size, origin } = about;
  const report: ProofReport = {
    location: store.location,
    seq,
    checkpoint_size: size,
    origin,
    file: out ?? null,
    receipt: out === undefined ? receipt : null,
  };
  if (output === 'json') stdout.write(`${JSON.stringify(report)}\n`);
  else if (out === undefined) stdout.write(receipt);
  else
    stderr.write(`${out}: receipt for seq ${seq}, against the checkpoint of ${size} records of ${origin}\n`);
}
