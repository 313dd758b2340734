import type { LogIdentity, LogPosition, LogRecord, NoteSigner } from '@rynxs/log';
import type { Clock } from '../contracts/clock.js';
import type { DroppedTail, EventStore } from '../contracts/event-store.js';
import type { Tenure, Term } from '../contracts/leadership.js';
import type { Logger } from '../contracts/logger.js';
import type { Random } from '../contracts/random.js';
import type { Telemetry } from '../contracts/telemetry.js';
import { hasCode, type RynxsError, rynxsError } from '../errors/rynxs-error.js';
import { SILENT_LOGGER } from '../logging/silent-logger.js';
import { type EpochEnded, type EventDraft, LOG_AGGREGATE } from '../reconcile/events.js';
import { Checkpointer } from './checkpointer.js';
import type { LogAnchor } from './log-anchor.js';
import { type LogKeys, NO_KEYS } from './log-keys.js';
import { scrub } from './log-scrub.js';
import { EventLogMetrics } from './metrics.js';
import { openFailure } from './open-failure.js';
import { catchUp, type Loss, type OpenedLog, type OpeningParts, openLog } from './opening.js';
import type { SnapshotSource } from './snapshots.js';
import { probeStore } from './store-probe.js';
import { openingEvents, retiredKey } from './term-opening.js';
import { LogWriter } from './writer.js';

export interface EventLogOptions {
  readonly store: EventStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly telemetry: Telemetry;
  /** Called for each record, in order: those in the store while opening, then each one as soon as it is durable. */
  readonly onRecord: (record: LogRecord) => void;
  /** Where warnings go; nowhere when absent. */
  readonly logger?: Logger;
  /** Keys to sign with and to trust; without them checkpoints are unsigned, and none is trusted. */
  readonly keys?: LogKeys;
  /** A second place that remembers how far the log has got. */
  readonly anchor?: LogAnchor;
  /** The state that `onRecord` builds, where it can be saved and restored: then a start need not replay everything. */
  readonly snapshots?: SnapshotSource;
  /** Whether others may write the log too, so that the store's fence is relied on. Default false. */
  readonly hasRivals?: boolean;
  /** Opens the log also when records are known to be missing: see `loss`. Default false. */
  readonly acceptLoss?: boolean;
}

/** A term that can write. */
export interface WritingTerm extends Term {
  /** Appends events in one commit; resolves when they are durable. See LogWriter.append. */
  append(drafts: readonly EventDraft[], signal?: AbortSignal): Promise<readonly LogRecord[]>;
  /** Records EpochEnded after everything that is queued, closes the writer, and makes the last checkpoint. */
  end(reason: string): Promise<void>;
}

/** Whose log a term writes. */
export type LogOwner = Omit<LogIdentity, 'logId'>;

const MAX_START_ATTEMPTS = 16;

/**
 * The event log of one shard: opened and verified once, then written by one term after another. Everything in it has
 * gone through `onRecord`, in order, exactly once; what a snapshot stands for was restored instead.
 */
export class EventLog {
  /** What of the log is known to be gone; only with `acceptLoss`. */
  readonly loss: Loss | undefined;
  readonly #options: EventLogOptions;
  readonly #parts: OpeningParts;
  readonly #keys: LogKeys;
  readonly #logger: Logger;
  readonly #metrics: EventLogMetrics;
  readonly #position: LogPosition;
  readonly #listeners = new Set<(record: LogRecord) => void>();
  readonly #closing = new AbortController();
  /** The sizes of the newest checkpoint that counts, and of the newest snapshot. */
  #signedTo: number;
  readonly #snapshotSize: number;
  #droppedTails: readonly DroppedTail[];
  #writer: LogWriter | undefined;
  #checkpointer: Checkpointer | undefined;
  #scrubbing: Promise<void> = Promise.resolve();
  /** Why nothing may be written any more. */
  #failure: RynxsError | undefined;

  private constructor(options: EventLogOptions, parts: OpeningParts, opened: OpenedLog) {
    this.#options = options;
    this.#parts = parts;
    this.#keys = parts.keys;
    this.#logger = parts.logger;
    this.#metrics = parts.metrics;
    this.#position = opened.position;
    this.#droppedTails = opened.droppedTails;
    this.#signedTo = opened.signedTo;
    this.#snapshotSize = opened.snapshot?.size ?? 0;
    this.loss = opened.loss;
    options.telemetry.health({ name: 'event-log', kind: 'ready', check: () => this.#unhealthy() });
    if (opened.snapshot !== undefined) this.#scrubbing = this.#scrub(opened.snapshot);
  }

  /**
   * Takes the store for writing, verifies and replays the log through `onRecord`: all of it, or what follows a snapshot
   * while the rest is verified in the background. Throws RYNXS_LOG_LOCKED, RYNXS_LOG_DAMAGED, RYNXS_LOG_ROLLED_BACK,
   * RYNXS_LOG_FOREIGN (nothing was changed by any of them), RYNXS_LOG_UNAVAILABLE.
   */
  static async open(options: EventLogOptions, signal: AbortSignal): Promise<EventLog> {
    const { store, clock, telemetry, onRecord } = options;
    const metrics = new EventLogMetrics(telemetry);
    const startedAt = clock.monotonic();
    const parts: OpeningParts = {
      store,
      metrics,
      onRecord: (record) => reduce(record, onRecord),
      keys: options.keys ?? NO_KEYS,
      anchor: options.anchor,
      snapshots: options.snapshots,
      logger: options.logger ?? SILENT_LOGGER,
      acceptLoss: options.acceptLoss ?? false,
    };
    try {
      const opened = await openLog(parts, signal);
      metrics.replayed((clock.monotonic() - startedAt) / 1000, opened.position.size - 1);
      return new EventLog(options, parts, opened);
    } catch (error) {
      await store.close();
      throw openFailure(store, error, metrics);
    }
  }

  /** Whom the log belongs to; undefined while it is empty. */
  get identity(): LogIdentity | undefined {
    return this.#position.ledger.identity ?? undefined;
  }

  head(): { readonly nextSeq: number; readonly hash: string | undefined } {
    const { size, headHash } = this.#position;
    return { nextSeq: size, hash: size === 0 ? undefined : headHash };
  }

  /** Calls `listener` for each record that becomes durable from now on, in order. */
  subscribe(listener: (record: LogRecord) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => this.#listeners.delete(listener) };
  }

  /**
   * Begins a term: `EpochStarted`, by compare-and-set at the head, fences every earlier writer. When another writer was
   * faster, what it wrote is read and the next epoch is tried, as long as the tenure lasts.
   * Throws RYNXS_LOG_FOREIGN when the log belongs to another cluster or shard, RYNXS_STORE_UNSAFE when the store is no
   * fence and there are rivals, RYNXS_LEADERSHIP_LOST, RYNXS_LOG_FENCED when the race was lost too often,
   * RYNXS_LOG_DAMAGED when the log was found damaged meanwhile, or what append throws.
   */
  async startTerm(tenure: Tenure, owner: LogOwner, signal: AbortSignal): Promise<WritingTerm> {
    // A rival has mostly led before; what it wrote and signed is read before this term says what it has found.
    if (this.#options.hasRivals === true) await this.#catchUp(signal);
    for (let attempt = 1; ; attempt += 1) {
      if (this.#failure !== undefined) throw this.#failure;
      this.#checkOwner(owner);
      tenure.assert(0);
      try {
        return await this.#tryStartTerm(tenure, owner, signal);
      } catch (error) {
        if (!hasCode(error, 'RYNXS_LOG_FENCED') || attempt >= MAX_START_ATTEMPTS) throw error;
        await this.#catchUp(signal);
      }
    }
  }

  /** A secret of this log for digests of what could be guessed; undefined without a signing key. */
  deriveKey(purpose: string): string | undefined {
    return this.#keys.signer?.derive(`${purpose} of ${this.identity?.logId ?? ''}`).toString('hex');
  }

  async close(): Promise<void> {
    this.#closing.abort(new Error('the log is closed'));
    await this.#writer?.close();
    await this.#checkpointer?.close();
    await this.#scrubbing;
    await this.#options.store.close();
  }

  async #tryStartTerm(tenure: Tenure, owner: LogOwner, signal: AbortSignal): Promise<WritingTerm> {
    const { random } = this.#options;
    await this.#leaveTerm();
    const position = this.#position;
    const epoch = position.term.epoch + 1;
    const probed = await probeStore(this.#options, position.ledger, this.#logger, signal);
    const writer = new LogWriter({
      ...this.#options,
      metrics: this.#metrics,
      epoch,
      writer: tenure.holder,
      position,
      onRecord: (record) => this.#deliver(record),
      onCommit: () => this.#checkpointer?.noticed(),
    });
    const opening = {
      tenure,
      epoch,
      ...owner,
      logId: this.identity?.logId ?? random.hex(16),
      position,
      keys: this.#keys,
      signedTo: this.#signedTo,
      droppedTails: this.#droppedTails,
      probed,
      traceId: random.hex(16),
    };
    tenure.assert(0);
    await writer.append(openingEvents(opening));
    this.#droppedTails = [];
    this.#writer = writer;
    const retirement = retiredKey(opening);
    if (retirement !== undefined) await this.#retireKey(writer, retirement, tenure);
    const checkpointer = this.#newCheckpointer(tenure, this.#keys.signer);
    this.#checkpointer = checkpointer;
    const onWriterEnd = () => {
      if (this.#checkpointer === checkpointer) void checkpointer.close();
    };
    writer.signal.addEventListener('abort', onWriterEnd, { once: true });
    if (writer.signal.aborted) onWriterEnd();
    void checkpointer.checkpoint({ isLast: false });
    const termSignal = AbortSignal.any([tenure.signal, writer.signal]);
    return {
      epoch,
      holder: tenure.holder,
      signal: termSignal,
      writeTimeoutMs: tenure.writeTimeoutMs,
      assert: (remainingMs) => {
        writer.signal.throwIfAborted();
        tenure.assert(remainingMs);
      },
      append: (drafts, appendSignal) => writer.append(drafts, appendSignal),
      end: (reason) => this.#endTerm(writer, epoch, reason),
    };
  }

  /** Ends the writer of the term before: one epoch has one writer, and both would move the same position. */
  async #leaveTerm(): Promise<void> {
    await this.#writer?.close();
    await this.#checkpointer?.close();
    this.#checkpointer = undefined;
  }

  async #endTerm(writer: LogWriter, epoch: number, reason: string): Promise<void> {
    const ended: EpochEnded = { v: 1, epoch, reason };
    const traceId = this.#options.random.hex(16);
    await writer.append([{ type: 'EpochEnded', aggregateId: LOG_AGGREGATE, payload: ended, traceId }]);
    const checkpointer = this.#checkpointer;
    // It outlives the writer by one checkpoint.
    this.#checkpointer = undefined;
    await writer.close();
    await checkpointer?.checkpoint({ isLast: true });
    await checkpointer?.close();
  }

  /** Both keys sign where one follows the other; only then the old one is retired. */
  async #retireKey(writer: LogWriter, retirement: EventDraft, tenure: Tenure): Promise<void> {
    const { previous, signer } = this.#keys;
    const checkpointer = this.#newCheckpointer(tenure, previous, signer);
    await checkpointer.checkpoint({ isLast: false });
    await checkpointer.close();
    // Without that checkpoint the next start tries again.
    if (this.#signedTo < this.#position.size) return;
    await writer.append([retirement]);
  }

  #newCheckpointer(tenure: Tenure, ...keys: readonly (NoteSigner | undefined)[]): Checkpointer {
    const signers = keys.filter((key) => key !== undefined);
    return new Checkpointer({
      ...this.#options,
      anchor: this.#options.anchor,
      snapshots: this.#options.snapshots,
      logger: this.#logger,
      metrics: this.#metrics,
      position: this.#position,
      signers,
      checkpointSize: this.#signedTo,
      snapshotSize: this.#snapshotSize,
      assert: (remainingMs) => tenure.assert(remainingMs),
      onKept: (size) => {
        if (signers.length > 0) this.#signedTo = size;
      },
    });
  }

  /** Verifies what stands behind the snapshot; damage there ends all writing. */
  async #scrub(snapshot: { readonly size: number; readonly root: Buffer }): Promise<void> {
    const { store, clock } = this.#options;
    const { signal } = this.#closing;
    try {
      await scrub(store, { ...snapshot, source: 'the snapshot' }, clock, this.#metrics, signal);
    } catch (error) {
      if (signal.aborted) return;
      const failure = openFailure(store, error, this.#metrics);
      if (!hasCode(failure, 'RYNXS_LOG_DAMAGED') && !hasCode(failure, 'RYNXS_LOG_ROLLED_BACK')) {
        this.#logger.warn('the log behind the snapshot could not be verified', { error: failure });
        return;
      }
      this.#logger.error('the log behind the snapshot is damaged', { error: failure });
      this.#failure = failure;
      this.#writer?.fail(failure);
    }
  }

  /** Reads and verifies what is in the store beyond what is known. */
  async #catchUp(signal: AbortSignal): Promise<void> {
    const { store } = this.#options;
    const parts = { ...this.#parts, onRecord: (record: LogRecord) => this.#deliver(record) };
    try {
      this.#signedTo = Math.max(this.#signedTo, await catchUp(parts, this.#position, signal));
    } catch (error) {
      throw openFailure(store, error, this.#metrics);
    }
  }

  #deliver(record: LogRecord): void {
    reduce(record, this.#options.onRecord);
    for (const listener of this.#listeners) listener(record);
  }

  #checkOwner(owner: LogOwner): void {
    const { location } = this.#options.store;
    const known = this.identity;
    if (known === undefined) return;
    if (known.clusterUid !== owner.clusterUid) {
      const found = known.clusterUid;
      const details = { location, what: 'the cluster with uid', found, expected: owner.clusterUid };
      throw rynxsError('RYNXS_LOG_FOREIGN', details);
    }
    if (known.shard !== owner.shard) {
      const details = { location, what: 'shard', found: known.shard, expected: owner.shard };
      throw rynxsError('RYNXS_LOG_FOREIGN', details);
    }
  }

  #unhealthy(): string | undefined {
    if (this.#failure !== undefined) return this.#failure.message;
    const writer = this.#writer;
    if (writer === undefined) return undefined;
    const { aborted, reason } = writer.signal;
    if (aborted) return reason instanceof Error ? reason.message : 'the log is closed';
    const since = writer.oldestPendingSince;
    const waitingMs = since === undefined ? 0 : this.#options.clock.monotonic() - since;
    return waitingMs > 10_000 ? `an event has been waiting for ${Math.round(waitingMs / 1000)} s` : undefined;
  }
}

/** What builds the state must not fail: then it is not the state that the log leads to. */
function reduce(record: LogRecord, onRecord: (record: LogRecord) => void): void {
  try {
    onRecord(record);
  } catch (cause) {
    const { seq, type, aggregate_id: aggregate } = record.event;
    const detail = cause instanceof Error ? cause.message : String(cause);
    throw rynxsError('RYNXS_REDUCER_FAILED', { seq, type, aggregate, detail }, { cause });
  }
}
