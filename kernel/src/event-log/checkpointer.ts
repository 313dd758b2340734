import { checkpointOrigin, formatCheckpointNote, type LogPosition, type NoteSigner } from '@rynxs/log';
import type { Clock } from '../contracts/clock.js';
import type { EventStore } from '../contracts/event-store.js';
import type { Logger } from '../contracts/logger.js';
import { keepCheckpoint } from './checkpoint-objects.js';
import type { LogAnchor } from './log-anchor.js';
import type { EventLogMetrics } from './metrics.js';
import { keepSnapshot, type SnapshotSource, takeSnapshot } from './snapshots.js';

/** When checkpoints are made: `../docs/EVENT_LOG.md` promises these numbers. */
const EVENTS_PER_CHECKPOINT = 1_000;
const MIN_INTERVAL_MS = 1_000;
const MAX_INTERVAL_MS = 60_000;
const ANCHOR_INTERVAL_MS = 10_000;
/** While the log is written, and at a clean stop. */
const EVENTS_PER_SNAPSHOT = 10_000;
const SNAPSHOT_INTERVAL_MS = 10_000;
const EVENTS_PER_LAST_SNAPSHOT = 1_000;
/** How long one checkpoint may take before it is given up. */
const TIMEOUT_MS = 30_000;

export interface CheckpointerParts {
  readonly store: EventStore;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: EventLogMetrics;
  readonly position: LogPosition;
  readonly signers: readonly NoteSigner[];
  readonly anchor: LogAnchor | undefined;
  readonly snapshots: SnapshotSource | undefined;
  /** The size of the newest checkpoint that counts, and of the newest snapshot. */
  readonly checkpointSize: number;
  readonly snapshotSize: number;
  /** Whether other processes keep the state warm: then nobody waits for a last snapshot. */
  readonly hasRivals: boolean;
  /** From when on the anchor may be written (monotonic): it is in the cluster. */
  readonly actsFrom: number;
  /** How long a write of the anchor may take, in milliseconds. */
  readonly anchorTimeoutMs: number;
  /** Throws when this process may no longer act for the log: called directly before the anchor is written. */
  readonly assert: (remainingMs: number) => void;
  /** A checkpoint of this size is kept. */
  readonly onKept: (size: number) => void;
}

/**
 * Makes checkpoints of what is durable during a term: every 1,000 events but at most one a second, and every minute when
 * anything has changed. With them it moves the anchor, at most every 10 s, and takes snapshots. Failures are reported
 * and tried again with the next one; they never hold the log up.
 */
export class Checkpointer {
  readonly #parts: CheckpointerParts;
  #size: number;
  #at = Number.NEGATIVE_INFINITY;
  #anchoredAt = Number.NEGATIVE_INFINITY;
  #anchoredSize = 0;
  #snapshotAt: number;
  #snapshotSize: number;
  #timer: Disposable | undefined;
  /** When the timer is due, on the monotonic clock. */
  #dueAt = Number.POSITIVE_INFINITY;
  #queue: Promise<void> = Promise.resolve();
  #queued = 0;
  #isClosed = false;
  readonly #abandoned = new AbortController();

  constructor(parts: CheckpointerParts) {
    this.#parts = parts;
    this.#size = parts.checkpointSize;
    this.#snapshotSize = parts.snapshotSize;
    this.#snapshotAt = parts.clock.monotonic();
  }

  /** Something became durable. Cheap: called for every commit. */
  noticed(): void {
    if (this.#isClosed || this.#queued > 0) return;
    const dueAt = this.#nextAt();
    if (dueAt >= this.#dueAt) return;
    this.#timer?.[Symbol.dispose]();
    this.#dueAt = dueAt;
    const wait = Math.max(0, dueAt - this.#parts.clock.monotonic());
    this.#timer = this.#parts.clock.schedule(wait, () => void this.#enqueue(false));
  }

  /** Makes a checkpoint of all that is durable now, whatever the intervals, and anchors it. Never rejects. */
  checkpoint({ isLast }: { readonly isLast: boolean }): Promise<void> {
    this.#anchoredAt = Number.NEGATIVE_INFINITY;
    return this.#enqueue(isLast);
  }

  /** Ends it, without another checkpoint; waits for those under way. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#stopTimer();
    await this.#queue;
  }

  /** Ends it at once: what is under way is aborted, and the tail stays unsigned until the next term. */
  async abandon(): Promise<void> {
    this.#abandoned.abort(new Error('nobody may sign for this term any more'));
    await this.close();
  }

  /** One after the other. */
  #enqueue(isLast: boolean): Promise<void> {
    this.#stopTimer();
    this.#queued += 1;
    this.#queue = this.#queue.then(async () => {
      await this.#make(isLast);
      this.#queued -= 1;
      this.noticed();
    });
    return this.#queue;
  }

  /** When the next one is due. */
  #nextAt(): number {
    const { position } = this.#parts;
    const events = position.size - this.#size;
    const times: number[] = [];
    if (events > 0)
      times.push(this.#at + (events >= EVENTS_PER_CHECKPOINT ? MIN_INTERVAL_MS : MAX_INTERVAL_MS));
    if (this.#anchoredSize < this.#size) times.push(this.#anchorDueAt());
    return Math.min(Number.POSITIVE_INFINITY, ...times);
  }

  #anchorDueAt(): number {
    return Math.max(this.#anchoredAt + ANCHOR_INTERVAL_MS, this.#parts.actsFrom);
  }

  #stopTimer(): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    this.#dueAt = Number.POSITIVE_INFINITY;
  }

  async #make(isLast: boolean): Promise<void> {
    const { store, clock, logger, metrics, position, signers, snapshots, onKept } = this.#parts;
    const { logId, size, term } = position;
    if (logId === undefined || this.#abandoned.signal.aborted) return;
    const startedAt = clock.monotonic();
    // All of it before the first wait: position and state must be of the same record.
    const root = position.frontier.root();
    const text = formatCheckpointNote({ origin: checkpointOrigin(logId), size, root }, signers);
    const snapshot =
      snapshots !== undefined && this.#isSnapshotDue(isLast) ? takeSnapshot(position, snapshots) : undefined;
    this.#at = startedAt;
    const timeout = new AbortController();
    using _ = clock.schedule(TIMEOUT_MS, () => timeout.abort(new Error(`no answer within ${TIMEOUT_MS} ms`)));
    const signal = AbortSignal.any([timeout.signal, this.#abandoned.signal]);
    try {
      if (size > this.#size) await keepCheckpoint(store, { size, text, epoch: term.epoch }, signal);
      this.#size = size;
      onKept(size);
      metrics.checkpointed((clock.monotonic() - startedAt) / 1000, clock.now() / 1000);
    } catch (error) {
      // So that the next attempt waits, also where an anchor was asked for at once.
      this.#anchoredAt = startedAt;
      metrics.checkpointFailed('store');
      logger.warn('a checkpoint could not be kept; the next one will cover it', { size, error });
      return;
    }
    await this.#anchor({ logId, size, text }, signal);
    if (snapshot === undefined) return;
    try {
      await keepSnapshot(store, snapshot, signers.at(-1), signal);
      this.#snapshotSize = size;
      this.#snapshotAt = clock.monotonic();
    } catch (error) {
      metrics.checkpointFailed('snapshot');
      logger.warn('a snapshot could not be kept; the next start replays more', { size, error });
    }
  }

  async #anchor(
    entry: { readonly logId: string; readonly size: number; readonly text: string },
    signal: AbortSignal,
  ): Promise<void> {
    const { anchor, anchorTimeoutMs, clock, logger, metrics, assert } = this.#parts;
    if (anchor === undefined) {
      this.#anchoredSize = entry.size;
      return;
    }
    // The same sum as for the timer: a difference may be rounded to just below the interval, and be due again at once.
    if (clock.monotonic() < this.#anchorDueAt()) return;
    this.#anchoredAt = clock.monotonic();
    try {
      await anchor.advance(entry, signal, () => assert(anchorTimeoutMs), anchorTimeoutMs);
      this.#anchoredSize = entry.size;
    } catch (error) {
      metrics.checkpointFailed('anchor');
      logger.warn('the log could not be anchored; it goes on', { anchor: anchor.location, error });
    }
  }

  #isSnapshotDue(isLast: boolean): boolean {
    const { position, clock, hasRivals } = this.#parts;
    const events = position.size - this.#snapshotSize;
    if (isLast) return !hasRivals && events >= EVENTS_PER_LAST_SNAPSHOT;
    return events >= EVENTS_PER_SNAPSHOT && clock.monotonic() - this.#snapshotAt >= SNAPSHOT_INTERVAL_MS;
  }
}
