import type { LogIdentity, LogPosition, LogRecord, NoteSigner } from '@rynxs/log';
import type { Clock } from '../contracts/clock.js';
import type { DroppedTail, EventStore } from '../contracts/event-store.js';
import type { Tenure } from '../contracts/leadership.js';
import type { Logger } from '../contracts/logger.js';
import type { Random } from '../contracts/random.js';
import type { Telemetry } from '../contracts/telemetry.js';
import { hasCode, type RynxsError, rynxsError } from '../errors/rynxs-error.js';
import { SILENT_LOGGER } from '../logging/silent-logger.js';
import type { EventDraft } from '../reconcile/events.js';
import { Checkpointer } from './checkpointer.js';
import { ANCHOR_TIMEOUT_MS, type LogAnchor } from './log-anchor.js';
import { type LogKeys, NO_KEYS } from './log-keys.js';
import { scrub } from './log-scrub.js';
import { LogTerm, type WritingTerm } from './log-term.js';
import { EventLogMetrics } from './metrics.js';
import { openFailure } from './open-failure.js';
import { type Loss, type OpenedLog, type OpeningParts, openLog } from './opening.js';
import { RivalTurns } from './rival-turns.js';
import type { SnapshotSource } from './snapshots.js';
import { storeFailure } from './store-failure.js';
import { probeStore } from './store-probe.js';
import { PATIENCE_MS, StoreWatch } from './store-watch.js';
import { openingEvents, retiredKey } from './term-opening.js';
import { LogWriter } from './writer.js';

export type { WritingTerm } from './log-term.js';

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
  /** Types of events besides the kernel's own, so that the metrics count them from the start. */
  readonly eventTypes?: readonly string[];
  /** Opens the log also when records are known to be missing: see `loss`. Default false. */
  readonly acceptLoss?: boolean;
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
  readonly #keys: LogKeys;
  readonly #logger: Logger;
  readonly #metrics: EventLogMetrics;
  readonly #position: LogPosition;
  readonly #listeners = new Set<(record: LogRecord) => void>();
  readonly #closing = new AbortController();
  /** Called for each commit of the term. */
  #noticed: () => void = () => undefined;
  /** The sizes of the newest checkpoint that counts, and of the newest snapshot. */
  #signedTo: number;
  readonly #snapshotSize: number;
  #droppedTails: readonly DroppedTail[];
  #term: LogTerm | undefined;
  /** Of the term, or of one that is about to begin. */
  #writer: LogWriter | undefined;
  readonly #watch: StoreWatch;
  readonly #turns = new RivalTurns();
  /** What became of the last commit of a term that has ended is not known. */
  #isInDoubt = false;
  #scrubbing: Promise<void> = Promise.resolve();

  private constructor(options: EventLogOptions, parts: OpeningParts, opened: OpenedLog) {
    this.#options = options;
    this.#keys = parts.keys;
    this.#logger = parts.logger;
    this.#metrics = parts.metrics;
    this.#position = opened.position;
    this.#droppedTails = opened.droppedTails;
    this.#signedTo = opened.signedTo;
    this.#snapshotSize = opened.snapshot?.size ?? 0;
    this.loss = opened.loss;
    const following = { ...parts, onRecord: (record: LogRecord) => this.#deliver(record) };
    this.#watch = new StoreWatch(following, opened.position, options.clock);
    options.telemetry.beforeReading(() => parts.metrics.pending(this.#pendingMs() / 1000));
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
    const metrics = new EventLogMetrics(telemetry, options.eventTypes);
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
      metrics.replayed((clock.monotonic() - startedAt) / 1000);
      metrics.reached(opened.position.size - 1, opened.position.term.epoch);
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

  /** Why nobody may go on with the log: RYNXS_LOG_DAMAGED, RYNXS_LOG_ROLLED_BACK, …; undefined while it is good. */
  get failure(): RynxsError | undefined {
    return this.#watch.failure;
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
   * faster, what it wrote is read and the next epoch is tried, as long as the tenure lasts. The term acts at once only
   * when the one before has ended with EpochEnded, or there was none: otherwise after the tenure's `holdOffMs`.
   * Throws RYNXS_LOG_FOREIGN when the log belongs to another cluster or shard, RYNXS_STORE_UNSAFE when the store is no
   * fence and there are rivals, RYNXS_LEADERSHIP_LOST, RYNXS_LOG_FENCED when the race was lost too often,
   * RYNXS_LOG_DAMAGED or RYNXS_LOG_ROLLED_BACK when the log was found to be so meanwhile, RYNXS_LOG_UNAVAILABLE when the
   * log could not be read within 30 s, or what append throws.
   */
  startTerm(tenure: Tenure, owner: LogOwner, signal: AbortSignal): Promise<WritingTerm> {
    return this.#turns.first(async () => {
      await this.#leaveTerm();
      // A rival has mostly led before; what it wrote and signed is read before this term says what it has found.
      if (this.#hasRivals || this.#isInDoubt) await this.#catchUp(tenure, signal);
      for (let attempt = 1; ; attempt += 1) {
        if (this.failure !== undefined) throw this.failure;
        this.#checkOwner(owner);
        tenure.assert(0);
        try {
          return await this.#tryStartTerm(tenure, owner, signal);
        } catch (error) {
          if (!hasCode(error, 'RYNXS_LOG_FENCED') || attempt >= MAX_START_ATTEMPTS) throw error;
          await this.#catchUp(tenure, signal);
        }
      }
    });
  }

  /**
   * Looks at the store once. While no term of this process runs: reads, verifies and delivers what others have written, so
   * that the state stays warm. While one does and writes nothing: sees whether the store still answers, and ends the term
   * when it has not for 30 s and there are rivals. Writes nothing. Gives way to `startTerm`, and resolves then.
   * Throws RYNXS_LOG_UNAVAILABLE when the store does not answer now, RYNXS_LOG_DAMAGED or RYNXS_LOG_ROLLED_BACK when the log is not to be
   * gone on with: then each term is refused with that.
   */
  async follow(signal: AbortSignal): Promise<void> {
    await this.#turns.whenFree(signal, async (turn) => {
      if (this.failure !== undefined) throw this.failure;
      if (this.#term === undefined || this.#term.isOver) await this.#followOthers(turn);
      else await this.#lookBeside(this.#term, turn);
    });
  }

  /** A secret of this log for digests of what could be guessed; undefined without a signing key. */
  deriveKey(purpose: string): string | undefined {
    return this.#keys.signer?.derive(`${purpose} of ${this.identity?.logId ?? ''}`).toString('hex');
  }

  async close(): Promise<void> {
    this.#closing.abort(new Error('the log is closed'));
    await this.#term?.close();
    await this.#scrubbing;
    await this.#options.store.close();
  }

  get #hasRivals(): boolean {
    return this.#options.hasRivals === true;
  }

  async #tryStartTerm(tenure: Tenure, owner: LogOwner, signal: AbortSignal): Promise<WritingTerm> {
    const { clock, random, store } = this.#options;
    const position = this.#position;
    const epoch = position.term.epoch + 1;
    const mayOthersAct = position.size > 0 && !position.term.epochEnded;
    const probed = await probeStore(this.#options, position.ledger, this.#logger, signal);
    const writer = this.#newWriter(epoch, tenure);
    this.#writer = writer;
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
    try {
      await writer.append(openingEvents(opening));
    } catch (error) {
      await writer.close();
      this.#isInDoubt ||= writer.isInDoubt;
      throw error;
    }
    // Counted from when the log is fenced, which is not before the term began.
    const actsFrom = mayOthersAct ? clock.monotonic() + tenure.holdOffMs : Number.NEGATIVE_INFINITY;
    this.#droppedTails = [];
    const { signer } = this.#keys;
    const checkpointer = this.#newCheckpointer(tenure, actsFrom, signer);
    const term = new LogTerm({
      tenure,
      epoch,
      writer,
      checkpointer,
      clock,
      random,
      actsFrom,
      hasRivals: this.#hasRivals,
      location: store.location,
    });
    this.#term = term;
    tenure.announce({ epoch, logId: opening.logId });
    const retirement = retiredKey(opening);
    if (retirement !== undefined) await this.#retireKey(writer, retirement, tenure, actsFrom);
    this.#noticed = () => checkpointer.noticed();
    void checkpointer.checkpoint({ isLast: false });
    return term.toWritingTerm();
  }

  #newWriter(epoch: number, tenure: Tenure): LogWriter {
    return new LogWriter({
      ...this.#options,
      metrics: this.#metrics,
      epoch,
      writer: tenure.holder,
      position: this.#position,
      ...(this.#hasRivals ? { patienceMs: PATIENCE_MS } : {}),
      onRecord: (record) => this.#deliver(record),
      onCommit: () => this.#noticed(),
      onOutcome: (failure) => this.#watch.written(failure),
    });
  }

  /** Ends what the term before has left: one epoch has one writer, and both would move the same position. */
  async #leaveTerm(): Promise<void> {
    const term = this.#term;
    if (term === undefined) return;
    await term.close();
    this.#isInDoubt ||= term.writer.isInDoubt;
    this.#term = undefined;
    this.#noticed = () => undefined;
    this.#watch.stoppedWriting();
  }

  /** Both keys sign where one follows the other; only then the old one is retired. */
  async #retireKey(
    writer: LogWriter,
    retirement: EventDraft,
    tenure: Tenure,
    actsFrom: number,
  ): Promise<void> {
    const { previous, signer } = this.#keys;
    const checkpointer = this.#newCheckpointer(tenure, actsFrom, previous, signer);
    await checkpointer.checkpoint({ isLast: false });
    await checkpointer.close();
    // Without that checkpoint the next start tries again.
    if (this.#signedTo < this.#position.size) return;
    await writer.append([retirement]);
  }

  #newCheckpointer(
    tenure: Tenure,
    actsFrom: number,
    ...keys: readonly (NoteSigner | undefined)[]
  ): Checkpointer {
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
      hasRivals: this.#hasRivals,
      actsFrom,
      anchorTimeoutMs: Math.min(ANCHOR_TIMEOUT_MS, tenure.writeTimeoutMs),
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
      this.#watch.fail(failure);
      this.#term?.writer.fail(failure);
    }
  }

  async #catchUp(tenure: Tenure, signal: AbortSignal): Promise<void> {
    const signedTo = await this.#watch.catchUp(tenure, this.#isInDoubt, signal);
    this.#isInDoubt = false;
    this.#signedTo = Math.max(this.#signedTo, signedTo);
  }

  async #followOthers(signal: AbortSignal): Promise<void> {
    await this.#leaveTerm();
    await this.#watch.follow(signal);
  }

  async #lookBeside({ writer }: LogTerm, signal: AbortSignal): Promise<void> {
    try {
      await this.#watch.lookWhileIdle(signal);
    } catch (error) {
      const failure = this.failure ?? storeFailure(this.#options.store, error);
      if (this.failure !== undefined || (this.#hasRivals && this.#watch.isHopeless)) writer.fail(failure);
      throw error;
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
    if (this.#watch.problem !== undefined) return this.#watch.problem;
    const pendingMs = this.#pendingMs();
    return pendingMs > 10_000 ? `an event has been waiting for ${Math.round(pendingMs / 1000)} s` : undefined;
  }

  /** How long the oldest event waits that is not durable yet. */
  #pendingMs(): number {
    const since = this.#writer?.oldestPendingSince;
    return since === undefined ? 0 : this.#options.clock.monotonic() - since;
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
