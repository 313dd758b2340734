import type { LogIdentity } from '@rynxs/log';
import type { EventStore } from '../contracts/event-store.js';
import type { Tenure } from '../contracts/leadership.js';
import { rynxsError } from '../errors/rynxs-error.js';
import { LOG_AGGREGATE, type LogRecovered } from '../reconcile/events.js';
import { newestCheckpoints } from './checkpoint-objects.js';
import { EventLog, type EventLogOptions, type LogOwner } from './event-log.js';
import { NO_KEYS } from './log-keys.js';

/** How a loss was accepted. */
export interface LogRecovery {
  readonly identity: LogIdentity;
  /** The first and the last record that were given up. */
  readonly lostFrom: number;
  readonly lostTo: number;
  /** Seq of the LogRecovered, and the size of the log after it. */
  readonly seq: number;
  readonly size: number;
  /** Where the anchor was moved; undefined when there is none. */
  readonly anchor: string | undefined;
}

/**
 * Accepts on the record that some of a log is gone: a term of its own with LogRecovered, a checkpoint over it, and the
 * anchor moved there. The old anchor and the old checkpoints are kept. No operator may be using the log.
 *
 * `owner` is needed for a log of which nothing is left. Throws RYNXS_LOG_NOT_LOST when nothing is missing,
 * RYNXS_LOG_KEY when the loss is known from a signed checkpoint and no key is there to sign a new one, and what
 * opening and writing throw; then nothing was given up.
 */
export async function recoverLog(
  options: EventLogOptions,
  { tenure, reason, owner }: { readonly tenure: Tenure; readonly reason: string; readonly owner?: LogOwner },
  signal: AbortSignal,
): Promise<LogRecovery> {
  const { store, anchor, keys = NO_KEYS } = options;
  const log = await EventLog.open({ ...options, acceptLoss: true }, signal);
  try {
    const { loss } = log;
    if (loss === undefined) throw rynxsError('RYNXS_LOG_NOT_LOST', { location: store.location });
    if (keys.signer === undefined && keys.trusted.length > 0) {
      throw rynxsError('RYNXS_LOG_KEY', {
        key: 'LOG_SIGNING_KEY_FILE',
        detail: 'it is not set, and only a signed checkpoint can show that the loss was accepted',
      });
    }
    const writer = owner ?? log.identity;
    if (writer === undefined) {
      throw rynxsError('RYNXS_LOG_NOT_FOUND', { location: store.location });
    }
    const term = await log.startTerm(tenure, writer, signal);
    const { lostFrom, lostTo, checkpoint } = loss;
    const payload: LogRecovered = {
      v: 1,
      lost_from: lostFrom,
      lost_to: lostTo,
      old_checkpoint: checkpoint ?? null,
      reason,
    };
    const traceId = options.random.hex(16);
    const [record] = await term.append([
      { type: 'LogRecovered', aggregateId: LOG_AGGREGATE, payload, traceId },
    ]);
    await term.end('recovered');
    const { identity } = log;
    if (identity === undefined || record === undefined) throw new Error('the term has no record');
    const size = log.head().nextSeq;
    const { logId } = identity;
    await anchor?.replace({ logId, size, text: await checkpointAt(store, size, signal) }, signal);
    return { identity, lostFrom, lostTo, seq: record.event.seq, size, anchor: anchor?.location };
  } finally {
    await log.close();
  }
}

/** The checkpoint that the term ended with. Where the lost branch had one of that size, ours is named after it. */
async function checkpointAt(store: EventStore, size: number, signal: AbortSignal): Promise<string> {
  const found = await newestCheckpoints(store, size, [], signal);
  const text = found.find((checkpoint) => checkpoint.size === size)?.text;
  if (text !== undefined) return text;
  const detail = 'the loss is on the record, but no checkpoint of it could be kept: accept it once more';
  throw rynxsError('RYNXS_LOG_UNAVAILABLE', { location: store.location, detail });
}
