import { ChainVerifier, isSameJson, type JsonMap, type LogRecord, ZERO_HASH } from '@rynxs/log';
import type { Reconciler } from '../contracts/reconciler.js';
import { describeDecision } from '../reconcile/decision.js';
import type { ActionsDecided } from '../reconcile/events.js';
import { payloadOf } from '../reconcile/events.js';
import { Projection } from '../reconcile/projection.js';

/** A decision that does not follow from the log. */
export interface DecisionDifference {
  readonly seq: number;
  readonly aggregateId: string;
  /** The recorded payload, and the one that the same state leads to now. */
  readonly recorded: ActionsDecided;
  readonly recomputed: ActionsDecided;
}

export interface ReplayResult {
  /** What was replayed: all records, or those up to `at`. */
  readonly records: number;
  readonly epochs: number;
  /** Hash of the last of them. */
  readonly headHash: string;
  readonly decisions: number;
  /** Decisions of a reconciler or a version that is not at hand, or of an earlier version of the log. */
  readonly notRecomputed: number;
  readonly differences: readonly DecisionDifference[];
  /** The state after the last record. */
  readonly projection: Projection;
}

export interface ReplayOptions {
  /** The log's lines from its start, cut anywhere on a line's end: `EventStore.read(0, signal)`. */
  readonly chunks: AsyncIterable<Uint8Array>;
  readonly reconcilers: readonly Reconciler[];
  /** Stop after this record; default the last. */
  readonly at?: number;
  /** Called now and then with the number of records replayed so far. */
  readonly onProgress?: (records: number) => void;
}

const PROGRESS_EVERY_RECORDS = 10_000;

/**
 * Verifies a log, rebuilds the state from it, and computes every decision again: the proof that what was decided
 * followed from what was recorded. Throws Damage (from @rynxs/log) where the log does not verify.
 */
export async function replayLog(options: ReplayOptions): Promise<ReplayResult> {
  const { reconcilers, at = Number.POSITIVE_INFINITY, onProgress } = options;
  const projection = new Projection(reconcilers);
  const differences: DecisionDifference[] = [];
  let records = 0;
  let epochs = 0;
  let headHash = ZERO_HASH;
  let decisions = 0;
  let notRecomputed = 0;
  const replay = (record: LogRecord) => {
    if (record.event.seq > at) return;
    if (record.event.type === 'ActionsDecided') {
      decisions += 1;
      const verdict = recompute(record, projection);
      if (verdict === 'not recomputed') notRecomputed += 1;
      else if (verdict !== undefined) differences.push(verdict);
    }
    if (record.event.type === 'EpochStarted') epochs += 1;
    projection.apply(record);
    headHash = record.hash;
    records += 1;
    if (records % PROGRESS_EVERY_RECORDS === 0) onProgress?.(records);
  };
  const verifier = new ChainVerifier({ onRecord: (line) => replay({ event: line.event, hash: line.hash }) });
  for await (const chunk of options.chunks) {
    verifier.push(chunk);
    if (records > at) break;
  }
  verifier.finish();
  return { records, epochs, headHash, decisions, notRecomputed, differences, projection };
}

function recompute(
  { event }: LogRecord,
  projection: Projection,
): DecisionDifference | 'not recomputed' | undefined {
  if (event.hash_version !== 'v3') return 'not recomputed';
  const recorded = payloadOf<ActionsDecided>(event);
  const aggregate = projection.get(event.aggregate_id);
  if (aggregate === undefined) return 'not recomputed';
  const { reconciler, state } = aggregate;
  if (recorded.decider !== `${reconciler.name}@${reconciler.version}`) return 'not recomputed';
  const recomputed = describeDecision(reconciler.decide(state), aggregate);
  if (isSameJson(event.payload, recomputed as unknown as JsonMap)) return undefined;
  return { seq: event.seq, aggregateId: event.aggregate_id, recorded, recomputed };
}
