import { checkpointOrigin, isSameKey, type LogPosition, NoteVerifier, vouchFor } from '@rynxs/log';
import type { DroppedTail } from '../contracts/event-store.js';
import type { Tenure } from '../contracts/leadership.js';
import { type EpochStarted, type EventDraft, type EventPayload, LOG_AGGREGATE } from '../reconcile/events.js';
import type { LogKeys } from './log-keys.js';

/** What a term has found before it writes. */
export interface TermOpening {
  readonly tenure: Tenure;
  readonly epoch: number;
  readonly logId: string;
  readonly clusterUid: string;
  readonly shard: string;
  readonly position: LogPosition;
  readonly keys: LogKeys;
  /** The size of the newest checkpoint that counts. */
  readonly signedTo: number;
  readonly droppedTails: readonly DroppedTail[];
  /** The outcome of a race in the store, where there was one now. */
  readonly probed: { readonly target: string; readonly racers: number; readonly winners: number } | undefined;
  readonly traceId: string;
}

/** The commit that opens a term: EpochStarted, and what was found. */
export function openingEvents(opening: TermOpening): readonly EventDraft[] {
  const { tenure, epoch, logId, clusterUid, shard, droppedTails, probed } = opening;
  const started: EpochStarted = {
    v: 1,
    epoch,
    holder: tenure.holder,
    log_id: logId,
    cluster_uid: clusterUid,
    shard,
  };
  const events: (readonly [type: string, payload: EventPayload])[] = [['EpochStarted', started]];
  for (const { seq, bytes, sha256, keptAs } of droppedTails) {
    events.push(['TailDropped', { v: 1, seq, bytes, sha256, kept_as: keptAs }]);
  }
  events.push(...adoptedTail(opening));
  events.push(...addedKey(opening, opening.position.size + events.length));
  if (probed !== undefined) events.push(['StoreProbed', { v: 1, ...probed }]);
  return events.map(([type, payload]) => draft(type, payload, opening.traceId));
}

/**
 * The retirement of the key before, for a commit of its own after a checkpoint under both keys: whoever pins the old key
 * can follow the log up to there. Undefined when there is nothing to retire.
 */
export function retiredKey({
  position,
  keys,
  logId,
  traceId,
}: Pick<TermOpening, 'position' | 'keys' | 'logId' | 'traceId'>): EventDraft | undefined {
  const { signer, previous } = keys;
  if (signer === undefined || previous === undefined || isSameKey(signer.verifier, previous.verifier))
    return undefined;
  if (!isActive(position, previous.verifier) || !isActive(position, signer.verifier)) return undefined;
  const key = previous.verifier.named(checkpointOrigin(logId));
  const signature = vouchFor(
    'key-retired',
    logId,
    key,
    position.size,
    previous.named(checkpointOrigin(logId)),
  );
  const payload = { v: 1 as const, key: key.toString(), signed_by: key.toString(), signature };
  return draft('KeyRetired', payload, traceId);
}

/** Whether a key signs for the log. */
export function isActive(position: LogPosition, key: NoteVerifier): boolean {
  return position.ledger.activeKeys().some(({ vkey }) => isSameKey(NoteVerifier.parse(vkey), key));
}

function* adoptedTail({ position, keys, signedTo }: TermOpening): Generator<readonly [string, EventPayload]> {
  // Without a key nothing is ever signed, and every tail is adopted; it goes without saying.
  if (keys.signer === undefined || position.size <= signedTo) return;
  const root = position.frontier.root().toString('base64');
  yield ['TailAdopted', { v: 1, from: signedTo, to: position.size - 1, root }];
}

function* addedKey(
  { position, keys, logId }: TermOpening,
  seq: number,
): Generator<readonly [string, EventPayload]> {
  const { signer, previous } = keys;
  if (signer === undefined || isActive(position, signer.verifier)) return;
  const origin = checkpointOrigin(logId);
  const key = signer.verifier.named(origin);
  const voucher =
    previous !== undefined && isActive(position, previous.verifier) ? previous.named(origin) : undefined;
  yield [
    'KeyAdded',
    {
      v: 1,
      key: key.toString(),
      signed_by: voucher?.verifier.toString() ?? null,
      signature: voucher === undefined ? null : vouchFor('key-added', logId, key, seq, voucher),
    },
  ];
}

function draft(type: string, payload: EventPayload, traceId: string): EventDraft {
  return { type, aggregateId: LOG_AGGREGATE, payload, traceId };
}
