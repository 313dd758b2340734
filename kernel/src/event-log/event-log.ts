import { ChainVerifier, Damage, type LogRecord, type VerifiedLine } from '@rynxs/log';
import type { Clock } from '../contracts/clock.js';
import type { DroppedTail, EventStore, OpenedStore } from '../contracts/event-store.js';
import type { Tenure, Term } from '../contracts/leadership.js';
import type { Random } from '../contracts/random.js';
import type { Telemetry } from '../contracts/telemetry.js';
import { hasCode, rynxsError } from '../errors/rynxs-error.js';
import {
  type EpochEnded,
  type EpochStarted,
  type EventDraft,
  LOG_AGGREGATE,
  payloadOf,
} from '../reconcile/events.js';
import { EventLogMetrics } from './metrics.js';
import { storeFailure } from './store-failure.js';
import { type ChainPosition, LogWriter } from './writer.js';

/** Whom a log belongs to; recorded with every term. */
export interface LogIdentity {
  readonly logId: string;
  readonly clusterUid: string;
  readonly shard: string;
}

export interface EventLogOptions {
  readonly store: EventStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly telemetry: Telemetry;
  /** Called for each record, in order: those in the store while opening, then each one as soon as it is durable. */
  readonly onRecord: (record: LogRecord) => void;
}

/** A term that can write. */
export interface WritingTerm extends Term {
  /** Appends events in one commit; resolves when they are durable. See LogWriter.append. */
  append(drafts: readonly EventDraft[], signal?: AbortSignal): Promise<readonly LogRecord[]>;
  /** Records EpochEnded after everything that is queued, and closes the writer. */
  end(reason: string): Promise<void>;
}

const MAX_START_ATTEMPTS = 16;

/**
 * The event log of one shard: opened and verified once, then written by one term after another. Everything in it has
 * gone through `onRecord`, in order, exactly once.
 */
export class EventLog {
  readonly #options: EventLogOptions;
  readonly #metrics: EventLogMetrics;
  readonly #position: ChainPosition = { nextSeq: 0, hash: undefined, lastTimeMs: 0 };
  readonly #listeners = new Set<(record: LogRecord) => void>();
  #droppedTails: readonly DroppedTail[] = [];
  #identity: LogIdentity | undefined;
  #lastEpoch = 0;
  #writer: LogWriter | undefined;

  private constructor(options: EventLogOptions) {
    this.#options = options;
    this.#metrics = new EventLogMetrics(options.telemetry);
    options.telemetry.health({ name: 'event-log', kind: 'ready', check: () => this.#unhealthy() });
  }

  /**
   * Takes the store for writing, verifies all of it and replays it through `onRecord`.
   * Throws RYNXS_LOG_LOCKED, RYNXS_LOG_DAMAGED (nothing was changed), RYNXS_LOG_UNAVAILABLE.
   */
  static async open(options: EventLogOptions, signal: AbortSignal): Promise<EventLog> {
    const log = new EventLog(options);
    const startedAt = options.clock.monotonic();
    try {
      const opened = await options.store.open(signal);
      await log.#catchUp(signal);
      log.#checkHead(opened);
      log.#droppedTails = opened.droppedTails;
    } catch (error) {
      await options.store.close();
      throw log.#openFailure(error);
    }
    log.#metrics.replayed((options.clock.monotonic() - startedAt) / 1000, log.#position.nextSeq - 1);
    return log;
  }

  /** Whom the log belongs to; undefined while it is empty. */
  get identity(): LogIdentity | undefined {
    return this.#identity;
  }

  head(): { readonly nextSeq: number; readonly hash: string | undefined } {
    return { nextSeq: this.#position.nextSeq, hash: this.#position.hash };
  }

  /** Calls `listener` for each record that becomes durable from now on, in order. */
  subscribe(listener: (record: LogRecord) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => this.#listeners.delete(listener) };
  }

  /**
   * Begins a term: `EpochStarted`, by compare-and-set at the head, fences every earlier writer. When another writer was
   * faster, what it wrote is read and the next epoch is tried, as long as the tenure lasts.
   * Throws RYNXS_LOG_FOREIGN when the log belongs to another cluster or shard, RYNXS_LEADERSHIP_LOST, RYNXS_LOG_FENCED
   * when the race was lost too often, or what append throws.
   */
  async startTerm(
    tenure: Tenure,
    owner: Omit<LogIdentity, 'logId'>,
    signal: AbortSignal,
  ): Promise<WritingTerm> {
    for (let attempt = 1; ; attempt += 1) {
      this.#checkOwner(owner);
      tenure.assert(0);
      try {
        return await this.#tryStartTerm(tenure, owner);
      } catch (error) {
        if (!hasCode(error, 'RYNXS_LOG_FENCED') || attempt >= MAX_START_ATTEMPTS) throw error;
        await this.#catchUp(signal);
      }
    }
  }

  async close(): Promise<void> {
    await this.#writer?.close();
    await this.#options.store.close();
  }

  async #tryStartTerm(tenure: Tenure, owner: Omit<LogIdentity, 'logId'>): Promise<WritingTerm> {
    const { random } = this.#options;
    const epoch = this.#lastEpoch + 1;
    const writer = new LogWriter({
      ...this.#options,
      metrics: this.#metrics,
      epoch,
      writer: tenure.holder,
      position: this.#position,
      onRecord: (record) => this.#deliver(record),
    });
    const traceId = random.hex(16);
    const started: EpochStarted = {
      v: 1,
      epoch,
      holder: tenure.holder,
      log_id: this.#identity?.logId ?? random.hex(16),
      cluster_uid: owner.clusterUid,
      shard: owner.shard,
    };
    const dropped = this.#droppedTails.map(({ seq, bytes, sha256, keptAs }) => ({
      type: 'TailDropped',
      aggregateId: LOG_AGGREGATE,
      payload: { v: 1 as const, seq, bytes, sha256, kept_as: keptAs },
      traceId,
    }));
    await writer.append([
      { type: 'EpochStarted', aggregateId: LOG_AGGREGATE, payload: started, traceId },
      ...dropped,
    ]);
    this.#droppedTails = [];
    this.#writer = writer;
    const termSignal = AbortSignal.any([tenure.signal, writer.signal]);
    return {
      epoch,
      holder: tenure.holder,
      signal: termSignal,
      assert: (remainingMs) => {
        writer.signal.throwIfAborted();
        tenure.assert(remainingMs);
      },
      append: (drafts, appendSignal) => writer.append(drafts, appendSignal),
      end: async (reason) => {
        const ended: EpochEnded = { v: 1, epoch, reason };
        await writer.append([
          { type: 'EpochEnded', aggregateId: LOG_AGGREGATE, payload: ended, traceId: random.hex(16) },
        ]);
        await writer.close();
      },
    };
  }

  /** Reads and verifies what is in the store beyond what is known. */
  async #catchUp(signal: AbortSignal): Promise<void> {
    const { store } = this.#options;
    const { nextSeq, hash } = this.#position;
    const verifier = new ChainVerifier({
      fromSeq: nextSeq,
      ...(hash === undefined ? {} : { prevHash: hash }),
      onRecord: (line: VerifiedLine) => this.#absorb({ event: line.event, hash: line.hash }),
    });
    for await (const chunk of store.read(nextSeq, signal)) verifier.push(chunk);
    verifier.finish();
  }

  #absorb(record: LogRecord): void {
    const { event, hash } = record;
    this.#position.nextSeq = event.seq + 1;
    this.#position.hash = hash;
    this.#position.lastTimeMs = Math.max(this.#position.lastTimeMs, Date.parse(event.ts));
    this.#deliver(record);
  }

  #deliver(record: LogRecord): void {
    const { event } = record;
    if (event.type === 'EpochStarted') {
      const started = payloadOf<EpochStarted>(event);
      this.#lastEpoch = started.epoch;
      this.#identity = { logId: started.log_id, clusterUid: started.cluster_uid, shard: started.shard };
    }
    this.#options.onRecord(record);
    for (const listener of this.#listeners) listener(record);
  }

  #checkOwner(owner: Omit<LogIdentity, 'logId'>): void {
    const { location } = this.#options.store;
    const known = this.#identity;
    if (known === undefined) return;
    if (known.clusterUid !== owner.clusterUid) {
      const details = {
        location,
        what: 'the cluster with uid',
        found: known.clusterUid,
        expected: owner.clusterUid,
      };
      throw rynxsError('RYNXS_LOG_FOREIGN', details);
    }
    if (known.shard !== owner.shard) {
      throw rynxsError('RYNXS_LOG_FOREIGN', {
        location,
        what: 'shard',
        found: known.shard,
        expected: owner.shard,
      });
    }
  }

  /** What was read must end where the driver says that the next batch goes. */
  #checkHead({ head }: OpenedStore): void {
    const { nextSeq, hash } = this.#position;
    if (head.nextSeq === nextSeq && head.hash === hash) return;
    throw new Damage({
      kind: 'truncated',
      seq: nextSeq,
      lastGoodSeq: nextSeq === 0 ? undefined : nextSeq - 1,
      offset: 0,
      detail: `the store says that its next record is ${head.nextSeq}, but its records end before ${nextSeq}`,
    });
  }

  #openFailure(error: unknown): Error {
    const { store } = this.#options;
    const damage =
      error instanceof Damage
        ? error
        : error instanceof Error && error.cause instanceof Damage
          ? error.cause
          : undefined;
    if (damage === undefined) return storeFailure(store, error);
    this.#metrics.chainBroken();
    const { seq, kind, detail, lastGoodSeq } = damage;
    const details = { location: store.location, seq, kind, detail, lastGood: lastGoodSeq ?? 'none' };
    return rynxsError('RYNXS_LOG_DAMAGED', details, { cause: error });
  }

  #unhealthy(): string | undefined {
    const writer = this.#writer;
    if (writer === undefined) return undefined;
    const { aborted, reason } = writer.signal;
    if (aborted) return reason instanceof Error ? reason.message : 'the log is closed';
    const since = writer.oldestPendingSince;
    const waitingMs = since === undefined ? 0 : this.#options.clock.monotonic() - since;
    return waitingMs > 10_000 ? `an event has been waiting for ${Math.round(waitingMs / 1000)} s` : undefined;
  }
}
