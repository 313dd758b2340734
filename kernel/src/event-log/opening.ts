import {
  type CheckpointNote,
  checkpointOrigin,
  Damage,
  LogAudit,
  LogPosition,
  type LogRecord,
  NoteError,
  parseCheckpointNote,
  parseRecord,
  type RolledBack,
} from '@rynxs/log';
import type { DroppedTail, EventStore, OpenedStore, StoreHead } from '../contracts/event-store.js';
import type { Logger } from '../contracts/logger.js';
import { newestCheckpoints } from './checkpoint-objects.js';
import type { LogAnchor } from './log-anchor.js';
import type { LogKeys } from './log-keys.js';
import { InlineReplay, startReplay } from './log-replay.js';
import type { EventLogMetrics } from './metrics.js';
import { readOn } from './read-on.js';
import { newestSnapshot, type ReadSnapshot, type SnapshotSource } from './snapshots.js';

export interface OpeningParts {
  readonly store: EventStore;
  readonly keys: LogKeys;
  readonly anchor: LogAnchor | undefined;
  readonly snapshots: SnapshotSource | undefined;
  readonly logger: Logger;
  readonly metrics: EventLogMetrics;
  readonly onRecord: (record: LogRecord) => void;
  /** Opens a log also when some of it is known to be missing. */
  readonly acceptLoss: boolean;
}

/** Records that the log is known to have had and that are gone. */
export interface Loss {
  readonly lostFrom: number;
  readonly lostTo: number;
  /** The checkpoint that shows it. */
  readonly checkpoint: string | undefined;
}

export interface OpenedLog {
  readonly position: LogPosition;
  readonly droppedTails: readonly DroppedTail[];
  /** The size of the newest checkpoint of a trusted key. */
  readonly signedTo: number;
  /** What was begun with; what stands behind it has not been verified. */
  readonly snapshot: { readonly size: number; readonly root: Buffer } | undefined;
  readonly loss: Loss | undefined;
}

/** What is known of a log from elsewhere than its records. */
interface Known {
  readonly checkpoints: readonly string[];
  /** The anchor of this log. */
  readonly anchors: readonly string[];
  /** The log's records were once at least so many. */
  readonly size: number;
  /** So many are there, as the driver says. */
  readonly head: number;
  /** The anchor of the shard is another log's. */
  readonly foreign: { readonly logId: string; readonly expected: string; readonly text: string } | undefined;
}

/** Thrown for a log that is not the one that its shard is anchored to. */
export class ForeignLog extends Error {
  constructor(
    readonly logId: string,
    readonly expected: string,
  ) {
    super(`the log is ${logId}, expected ${expected}`);
  }
}

/**
 * Takes the store for writing, and verifies and replays the log: from a snapshot, else all of it. Compares it with the
 * newest checkpoints and with the anchor. Throws Damage, RolledBack, ForeignLog, and what the driver throws.
 */
export async function openLog(parts: OpeningParts, signal: AbortSignal): Promise<OpenedLog> {
  const { store, snapshots, acceptLoss } = parts;
  const known = await whatIsKnown(parts, signal);
  if (known.foreign !== undefined && !acceptLoss) {
    throw new ForeignLog(known.foreign.logId, known.foreign.expected);
  }
  const knownSize = acceptLoss ? 0 : await sizeToReach(parts, known, signal);
  const opened = await store.open(signal, { knownSize });
  const snapshot = snapshots && (await snapshotToBeginWith(parts, snapshots, opened.head.nextSeq, signal));
  if (snapshots !== undefined && snapshot !== undefined) {
    try {
      snapshots.restore(snapshot.entries);
      return await replay(parts, known, opened, snapshot, signal);
    } catch (error) {
      // Replaying everything decides whether the log is to blame, and where.
      if (!(error instanceof Damage)) throw error;
      parts.logger.warn('a snapshot does not fit the log and is not used', { error });
    }
    snapshots.reset();
  }
  return replay(parts, known, opened, undefined, signal);
}

/**
 * Reads, verifies and replays what others have written since, makes sure that the log still goes on where it was left, and
 * compares it with the newest checkpoints and the anchor again. Returns the size of the newest checkpoint of a trusted key
 * among what was read; 0 when there is none. Throws as openLog does.
 */
export async function catchUp(
  parts: OpeningParts,
  position: LogPosition,
  signal: AbortSignal,
): Promise<number> {
  const { store, keys, onRecord } = parts;
  // Before the log: what it is compared with must not be newer than what is read of it.
  const known = await whatIsKnown(parts, signal, position);
  await using replaying = new InlineReplay({ position, ...evidence(known, keys), onRecord });
  for await (const chunk of readOn(store, position, signal)) replaying.push(chunk);
  const { signedTo, rolledBack } = await replaying.finish();
  if (rolledBack !== undefined) throw rolledBack;
  return signedTo;
}

/** The same without checkpoints and anchor: for who looks often, and compares them before it acts on what it has read. */
export async function follow(
  { store, onRecord }: Pick<OpeningParts, 'store' | 'onRecord'>,
  position: LogPosition,
  signal: AbortSignal,
): Promise<void> {
  await using replaying = new InlineReplay({ position, trusted: [], checkpoints: [], anchors: [], onRecord });
  for await (const chunk of readOn(store, position, signal)) replaying.push(chunk);
  await replaying.finish();
}

async function replay(
  { store, keys, onRecord, acceptLoss }: OpeningParts,
  known: Known,
  opened: OpenedStore,
  snapshot: ReadSnapshot | undefined,
  signal: AbortSignal,
): Promise<OpenedLog> {
  const start = snapshot?.position ?? new LogPosition();
  const begunWith = snapshot === undefined ? undefined : { size: start.size, root: start.frontier.root() };
  const { head } = opened;
  // Where the driver says that the log ends. A rival may write while it is read, so what is read may go on behind it.
  let hashAtHead = start.size === 0 ? undefined : start.headHash;
  await using replaying = startReplay(head.nextSeq - start.size, {
    position: start,
    ...evidence(known, keys),
    onRecord: (record) => {
      if (record.event.seq < head.nextSeq) hashAtHead = record.hash;
      onRecord(record);
    },
  });
  for await (const chunk of store.read(start.size, signal)) await replaying.push(chunk);
  const { position, signedTo, rolledBack } = await replaying.finish();
  if (rolledBack !== undefined && !acceptLoss) throw rolledBack;
  assertHead(position, head, hashAtHead);
  return {
    position,
    droppedTails: opened.droppedTails,
    snapshot: begunWith,
    signedTo,
    loss: (rolledBack && lossOf(rolledBack)) ?? (known.foreign && allOf(known.foreign.text)),
  };
}

function evidence({ checkpoints, anchors }: Known, { trusted }: LogKeys) {
  return { checkpoints, anchors, trusted };
}

function lossOf({ seq, knownSize, checkpoint }: RolledBack): Loss {
  return { lostFrom: seq, lostTo: knownSize - 1, checkpoint };
}

/**
 * How many records the log must have. Checkpoints of a branch that was given up on the record say nothing of the one that
 * is there: so where more is known than there is, what is there is judged first.
 */
async function sizeToReach(
  { store, keys }: OpeningParts,
  known: Known,
  signal: AbortSignal,
): Promise<number> {
  if (known.size <= known.head) return known.size;
  const audit = new LogAudit(evidence(known, keys));
  try {
    for await (const chunk of store.read(0, signal)) audit.push(chunk);
    const { signedTo, anchoredTo } = audit.finish();
    return Math.max(signedTo, anchoredTo);
  } catch (error) {
    // Opening finds it as well, and says which damage it is.
    if (error instanceof Damage) return known.size;
    throw error;
  }
}

/** What was read must reach the point where the driver says that the log ends. */
function assertHead({ size }: LogPosition, head: StoreHead, hashAtHead: string | undefined): void {
  if (size >= head.nextSeq && hashAtHead === head.hash) return;
  const seq = Math.min(size, head.nextSeq);
  throw new Damage({
    kind: 'truncated',
    seq,
    lastGoodSeq: seq === 0 ? undefined : seq - 1,
    offset: 0,
    detail: `the store says that its next record is ${head.nextSeq}, but its records end before ${size}`,
  });
}

async function snapshotToBeginWith(
  { store, keys, logger }: OpeningParts,
  { version }: SnapshotSource,
  head: number,
  signal: AbortSignal,
): Promise<ReadSnapshot | undefined> {
  const warn = (name: string, reason: string) => logger.warn('a snapshot is not used', { name, reason });
  return newestSnapshot(store, { head, version, keys, warn }, signal);
}

/** `from`: where the log was read to before; then neither its end nor its beginning is asked for. */
async function whatIsKnown(parts: OpeningParts, signal: AbortSignal, from?: LogPosition): Promise<Known> {
  const { store, keys } = parts;
  const isBegun = from?.logId !== undefined;
  const nextSeq = isBegun ? from.size : (await store.head(signal)).nextSeq;
  const [stored, anchored] = await Promise.all([
    newestCheckpoints(store, nextSeq, keys.trusted, signal),
    readAnchor(parts, signal),
  ]);
  const checkpoints = stored.map(({ text }) => text);
  const logId = isBegun ? from.logId : nextSeq === 0 ? undefined : await firstLogId(store, signal);
  const own = logId === undefined ? undefined : anchored.get(logId);
  const [other] = anchored;
  const isForeign = logId !== undefined && own === undefined && other !== undefined;
  const anchors = logId === undefined ? [...anchored.values()] : own === undefined ? [] : [own];
  const trusted = checkpoints.filter((text) => isTrusted(text, logId, keys));
  return {
    checkpoints,
    anchors,
    size: Math.max(0, ...[...trusted, ...anchors].map(sizeOf)),
    head: nextSeq,
    foreign: isForeign ? { logId, expected: other[0], text: other[1] } : undefined,
  };
}

async function readAnchor(
  { anchor, logger, metrics }: OpeningParts,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  if (anchor === undefined) return new Map();
  try {
    return await anchor.read(signal);
  } catch (error) {
    signal.throwIfAborted();
    metrics.checkpointFailed('anchor');
    logger.warn('the anchor of the log cannot be read; the log is compared with its checkpoints only', {
      anchor: anchor.location,
      error,
    });
    return new Map();
  }
}

/** The id in the first record, which is verified later; undefined for a log that begins otherwise. */
async function firstLogId(store: EventStore, signal: AbortSignal): Promise<string | undefined> {
  for await (const chunk of store.read(0, signal)) {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    const lf = bytes.indexOf(0x0a);
    try {
      const { payload } = parseRecord(bytes.subarray(0, lf < 0 ? bytes.length : lf)).event;
      return typeof payload.log_id === 'string' ? payload.log_id : undefined;
    } catch (error) {
      if (error instanceof SyntaxError || error instanceof TypeError) return undefined;
      throw error;
    }
  }
  return undefined;
}

function isTrusted(text: string, logId: string | undefined, { trusted }: LogKeys): boolean {
  const checkpoint = parsed(text);
  if (checkpoint === undefined) return false;
  const { origin, note } = checkpoint;
  // One key may sign several logs.
  if (logId !== undefined && origin !== checkpointOrigin(logId)) return false;
  return trusted.some((key) => key.verifyAs(origin, note));
}

function sizeOf(text: string): number {
  return parsed(text)?.size ?? 0;
}

function allOf(text: string): Loss {
  return { lostFrom: 0, lostTo: sizeOf(text) - 1, checkpoint: text };
}

function parsed(text: string): CheckpointNote | undefined {
  try {
    return parseCheckpointNote(text);
  } catch (error) {
    if (error instanceof NoteError) return undefined;
    throw error;
  }
}
