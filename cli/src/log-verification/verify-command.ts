import { resolve } from 'node:path';
import { type EventStore, hasCode, rynxsError } from '@rynxs/kernel';
import type { NoteVerifier } from '@rynxs/log';
import { readInputFile } from '../files/input-file.js';
import { manyCheckpoints, newestCheckpoints } from '../log-reading/checkpoint-notes.js';
import { type ReadCheckpoint, readCheckpoint } from '../log-reading/checkpoint-text.js';
import { nextSeq } from '../log-reading/find-seq.js';
import { logLocation } from '../log-reading/log-location.js';
import { notFound, openLogForReading } from '../log-reading/open-log.js';
import { trustedKeys } from '../log-reading/trusted-keys.js';
import type { OutputFormat } from '../terminal/output-format.js';
import { ProgressLine } from '../terminal/progress-line.js';
import { formatCount, formatNumber } from '../terminal/quantities.js';
import type { Terminal } from '../terminal/terminal.js';
import { formatVerifyReport } from './format-report.js';
import { readAnchors } from './read-anchor.js';
import type { Evidence } from './verification.js';
import { verifyLog } from './verify-log.js';
import type { VerifyReport } from './verify-report.js';

export const EXIT = { intact: 0, tampered: 1, unproven: 2 } as const;

export interface VerifyCommandOptions {
  readonly store?: string;
  readonly checkpoint?: readonly string[];
  readonly key?: readonly string[];
  readonly from?: number;
  readonly chainOnly: boolean;
  readonly anchor: boolean;
  readonly namespace?: string;
  readonly kubeconfig?: string;
  readonly output: OutputFormat;
}

/**
 * `rynxs log verify`. Resolves to the exit code: also `unproven` when a key, a checkpoint or an anchor was named and the
 * log holds nothing that it covers. Throws RYNXS_LOG_NOT_FOUND also for a log without any record, RYNXS_LOG_KEY,
 * RYNXS_CHECKPOINT_INVALID, and what reading the anchor throws.
 */
export async function verifyCommand(options: VerifyCommandOptions, terminal: Terminal): Promise<number> {
  const asksForProof = options.key !== undefined || options.checkpoint !== undefined || options.anchor;
  const isPartial = options.chainOnly || (options.from ?? 0) > 0;
  if (asksForProof && isPartial) {
    const detail =
      '--chain-only and --from look at the chain alone: leave them out to check against a key, a checkpoint or an anchor';
    throw rynxsError('RYNXS_USAGE', { detail });
  }
  const trusted = await trustedKeys(options.key, terminal.cwd);
  const kept = await keptCheckpoints(options.checkpoint ?? [], terminal);
  const store = await openLogForReading(logLocation(options.store, terminal));
  const total = await knownSize(store, terminal.interrupted);
  const evidence = isPartial ? undefined : await gather(store, total, trusted, kept, options, terminal);
  const report = await verify(store, total, evidence, options.from, terminal);
  if (report.records === 0 && report.damage === null) throw notFound(store);
  terminal.stdout.write(
    options.output === 'json' ? `${JSON.stringify(report)}\n` : formatVerifyReport(report),
  );
  if (!report.intact) return EXIT.tampered;
  return asksForProof && report.proven_to === null ? EXIT.unproven : EXIT.intact;
}

/** Checkpoints that the user has kept since: whoever could write to the store cannot have changed them. */
function keptCheckpoints(files: readonly string[], { cwd }: Terminal): Promise<readonly ReadCheckpoint[]> {
  return Promise.all(
    files.map(async (name) => readCheckpoint(await readInputFile(resolve(cwd, name)), name)),
  );
}

/** How many records the store says there are; 0 when it is so damaged that it cannot tell. */
async function knownSize(store: EventStore, signal: AbortSignal): Promise<number> {
  try {
    return await nextSeq(store, signal);
  } catch (error) {
    if (hasCode(error, 'RYNXS_LOG_DAMAGED')) return 0;
    throw error;
  }
}

/** What the log is checked against: the checkpoints beside it, those that the user has kept, the anchor. */
async function gather(
  store: EventStore,
  total: number,
  trusted: readonly NoteVerifier[],
  kept: readonly ReadCheckpoint[],
  { anchor, namespace, kubeconfig }: VerifyCommandOptions,
  terminal: Terminal,
): Promise<Evidence> {
  const notes = await newestCheckpoints(store, total, trusted, terminal.interrupted);
  const anchored = anchor ? await readAnchors(store, { namespace, kubeconfig }, terminal) : [];
  return { trusted, checkpoints: notes.map(textOf), anchors: [...kept.map(textOf), ...anchored] };
}

function textOf({ text }: { readonly text: string }): string {
  return text;
}

async function verify(
  store: EventStore,
  total: number,
  evidence: Evidence | undefined,
  fromSeq: number | undefined,
  terminal: Terminal,
): Promise<VerifyReport> {
  const signal = terminal.interrupted;
  using progress = new ProgressLine(terminal);
  const options = {
    signal,
    ...(fromSeq === undefined ? {} : { fromSeq }),
    onProgress: (records: number) =>
      progress.show(`verifying: ${formatCount(records, 'record')} of ${formatNumber(total)}`),
  };
  const report = await verifyLog(store, evidence === undefined ? options : { ...options, evidence });
  if (evidence === undefined || report.damage?.kind !== 'rewritten') return report;
  // The more checkpoints there are to compare with, the closer the place where the log was rewritten is known.
  const checkpoints = (await manyCheckpoints(store, total, signal)).map(textOf);
  return verifyLog(store, { ...options, evidence: { ...evidence, checkpoints } });
}
