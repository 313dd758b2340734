import { type LogPosition, type LogRecord, MAX_BATCH_BYTES, MAX_BATCH_RECORDS, MAX_SEQ } from '@rynxs/log';
import type { Clock } from '../contracts/clock.js';
import type { Batch, EventStore, StoreErrorCode } from '../contracts/event-store.js';
import type { Random } from '../contracts/random.js';
import { type RynxsError, rynxsError } from '../errors/rynxs-error.js';
import type { EventDraft } from '../reconcile/events.js';
import { encodeBatch, type PreparedEvent, prepareEvent, recordsOf } from './encode.js';
import type { EventLogMetrics } from './metrics.js';
import { SettleTimeout } from './settle-timeout.js';
import { storeFailure } from './store-failure.js';

export interface WriterOptions {
  readonly store: EventStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly metrics: EventLogMetrics;
  readonly epoch: number;
  /** Identity of this process, as in every record's `meta.writer`. */
  readonly writer: string;
  /** Shared with the log: the writer moves it forward, commit by commit. */
  readonly position: LogPosition;
  /**
   * Called for each record, in order, as soon as its commit is durable and before its `append` resolves. A RynxsError that
   * it throws ends the writer: the state is not the log's any more.
   */
  readonly onRecord: (record: LogRecord) => void;
  /** Called after the records of a commit; the position has moved. */
  readonly onCommit: () => void;
  /** Bound of the queue. Default 8 MiB. */
  readonly maxQueuedBytes?: number;
  /** How long an ambiguous commit is sent again before the writer gives up. Default 30,000. */
  readonly settleTimeoutMs?: number;
  /**
   * How long commits may fail, one after the other, before the writer ends, so that another process can try: it ends with
   * the first one that fails as late as that or later. Default: it never ends for that.
   */
  readonly patienceMs?: number;
  /** Told of each commit: that it became durable, or why it did not. */
  readonly onOutcome?: (failure: RynxsError | undefined) => void;
}

/** Failures after which the store is as it was before the first attempt of a batch. */
const NOTHING_WRITTEN: ReadonlySet<StoreErrorCode> = new Set(['full', 'denied', 'missing', 'unavailable']);

/** What says that the store cannot be written now. */
const STORE_IS_LOST: ReadonlySet<string> = new Set(['RYNXS_LOG_UNAVAILABLE', 'RYNXS_LOG_FULL']);

/** A driver needs some turns of the microtask queue before its write is under way; work before that would delay it. */
const TURNS_TO_BEGIN = 12;

interface PendingAppend {
  readonly events: readonly PreparedEvent[];
  readonly bytes: number;
  readonly since: number;
  readonly resolve: (records: readonly LogRecord[]) => void;
  readonly reject: (error: unknown) => void;
}

interface WaitingAppend {
  readonly pending: PendingAppend;
  /** Called when it waits no more: its signal does not matter then. */
  readonly leave: () => void;
}

/**
 * Group commit: one commit in flight; what arrives meanwhile forms the next one. There is no timer, so an idle log
 * commits at once. The events of one `append` always share a commit.
 *
 * The writer of a term ends for good when another writer's batch is found where its own should go
 * (RYNXS_LOG_FENCED), when the store no longer knows what is durable, when an ambiguous commit cannot be settled, when the
 * place of the log is gone (what comes back under its name may be another one), or when its patience is over.
 * `signal` aborts then, and every append that waits is rejected.
 */
export class LogWriter {
  readonly #options: WriterOptions;
  readonly #ended = new AbortController();
  readonly #maxQueuedBytes: number;
  readonly #timeout: SettleTimeout;
  /** Ends what is on its way to the store: it is late, or the writer was ended from outside. */
  readonly #giveUp: AbortSignal;
  #isInDoubt = false;
  #failingSince: number | undefined;
  /** What the commit under way is made of. */
  #group: readonly PendingAppend[] = [];
  #queue: PendingAppend[] = [];
  #queuedBytes = 0;
  /** Appends that wait for a place in the queue, in the order in which they came. */
  #waiting: WaitingAppend[] = [];
  #running: Promise<void> | undefined;

  constructor(options: WriterOptions) {
    this.#options = options;
    this.#maxQueuedBytes = options.maxQueuedBytes ?? 8 * 1024 * 1024;
    this.#timeout = new SettleTimeout(options.clock, options.settleTimeoutMs ?? 30_000);
    this.#giveUp = AbortSignal.any([this.#timeout.signal, this.#ended.signal]);
  }

  /** Whether it has ended without knowing what became of its last commit: only the store itself can tell. */
  get isInDoubt(): boolean {
    return this.#isInDoubt;
  }

  /** Aborts when nothing can be appended any more; the reason is a RynxsError. */
  get signal(): AbortSignal {
    return this.#ended.signal;
  }

  /** Time on the monotonic clock since which the oldest append waits; undefined when none does. */
  get oldestPendingSince(): number | undefined {
    return (this.#group[0] ?? this.#queue[0])?.since;
  }

  /**
   * Resolves when the events are durable, with their records re-read from the bytes that were written.
   * Waits while the queue is full; the order of calls is the order in the log. Rejects with RYNXS_EVENT_INVALID,
   * RYNXS_EVENT_TOO_LARGE, RYNXS_LOG_FULL, RYNXS_LOG_UNAVAILABLE (nothing was written, a later append may succeed), or
   * with the reason for which the writer has ended. `signal` gives up waiting for a place in the queue; what is queued is committed.
   */
  async append(drafts: readonly EventDraft[], signal?: AbortSignal): Promise<readonly LogRecord[]> {
    const events = drafts.map(prepareEvent);
    let bytes = 0;
    for (const event of events) bytes += event.bytes;
    if (events.length === 0) return [];
    if (events.length > MAX_BATCH_RECORDS || bytes > MAX_BATCH_BYTES) {
      const type = `${events.length} events`;
      const aggregate = drafts[0]?.aggregateId ?? '';
      throw rynxsError('RYNXS_EVENT_TOO_LARGE', { type, aggregate, bytes, limitBytes: MAX_BATCH_BYTES });
    }
    this.#ended.signal.throwIfAborted();
    return new Promise<readonly LogRecord[]>((resolve, reject) => {
      const pending = { events, bytes, since: this.#options.clock.monotonic(), resolve, reject };
      if (this.#waiting.length === 0 && this.#hasSpaceFor(bytes)) this.#admit(pending);
      else this.#wait(pending, signal);
    });
  }

  /** Ends the writer for a reason from outside: nothing more is written, and what is under way is aborted. */
  fail(reason: RynxsError): void {
    this.#end(reason);
  }

  /** Lets what is queued be committed, then refuses everything. */
  async close(): Promise<void> {
    await this.#running;
    this.#end(rynxsError('RYNXS_LOG_CLOSED', { location: this.#options.store.location }));
  }

  async #run(): Promise<void> {
    // Appends of the same turn of the event loop share the first commit.
    await Promise.resolve();
    while (this.#queue.length > 0) {
      const group = this.#takeGroup();
      this.#group = group;
      try {
        this.#settle(group, await this.#commit(group));
        this.#succeeded();
      } catch (error) {
        const failure = storeFailure(this.#options.store, error);
        this.#failed(failure, error);
        for (const pending of group) pending.reject(failure);
      }
      this.#admitWaiting();
      if (this.#ended.signal.aborted) break;
    }
    this.#group = [];
    this.#running = undefined;
  }

  #succeeded(): void {
    this.#failingSince = undefined;
    this.#options.onOutcome?.(undefined);
  }

  #failed(failure: RynxsError, cause: unknown): void {
    const { store, clock, metrics, patienceMs = Number.POSITIVE_INFINITY, onOutcome } = this.#options;
    metrics.appendFailed(failure.code);
    if (!STORE_IS_LOST.has(failure.code)) return;
    onOutcome?.(failure);
    this.#failingSince ??= clock.monotonic();
    const isGone = store.errorCode(cause) === 'missing';
    if (isGone || clock.monotonic() - this.#failingSince >= patienceMs) this.#end(failure);
  }

  #takeGroup(): PendingAppend[] {
    let records = 0;
    let bytes = 0;
    let taken = 0;
    for (const pending of this.#queue) {
      records += pending.events.length;
      bytes += pending.bytes;
      if (taken > 0 && (records > MAX_BATCH_RECORDS || bytes > MAX_BATCH_BYTES)) break;
      this.#queuedBytes -= pending.bytes;
      taken += 1;
    }
    return this.#queue.splice(0, taken);
  }

  async #commit(group: readonly PendingAppend[]): Promise<readonly LogRecord[]> {
    const { store, clock, random, metrics, epoch, writer, position, onRecord, onCommit } = this.#options;
    const events = group.flatMap((pending) => pending.events);
    const firstSeq = position.size;
    if (firstSeq + events.length - 1 > MAX_SEQ) {
      throw this.#end(rynxsError('RYNXS_LOG_SEQ_EXHAUSTED', { location: store.location }));
    }
    const { lastTs } = position.term;
    const ts = new Date(Math.max(clock.now(), lastTs === undefined ? 0 : Date.parse(lastTs))).toISOString();
    const stamp = { batch: random.hex(8), epoch, writer, ts };
    const encoded = encodeBatch(events, { firstSeq, prevHash: position.headHash }, stamp);
    const startedAt = clock.monotonic();
    const sent = this.#send(encoded.batch);
    for (let turn = 0; turn < TURNS_TO_BEGIN; turn += 1) await undefined;
    // While the store is busy with the commit: what it will mean once it is durable.
    const frontier = position.frontier.clone();
    frontier.appendLines(encoded.batch.bytes);
    const records = recordsOf(events, encoded, stamp);
    await sent;
    metrics.appended(records, (clock.monotonic() - startedAt) / 1000, clock.now() / 1000);
    // Position and state move in one step: whoever looks at both, between two steps, sees the same record in them.
    const epochEnded = records.at(-1)?.event.type === 'EpochEnded';
    position.advance({ records, frontier, term: { epoch, writer, epochEnded, lastTs: ts } });
    try {
      for (const record of records) onRecord(record);
    } catch (error) {
      throw this.#end(storeFailure(store, error));
    }
    onCommit();
    return records;
  }

  /** Until it is settled, only the same bytes are sent for these sequence numbers. */
  async #send(batch: Batch): Promise<void> {
    using _ = this.#timeout.begin();
    for (let attempt = 0; ; attempt += 1) {
      if (await this.#isSettled(batch, attempt, this.#giveUp)) return;
      await this.#options.clock.sleep(Math.min(1_000, 10 * 2 ** attempt));
    }
  }

  /** Sends a batch once. Returns false when it has to be sent again; throws when it is known not to be stored. */
  async #isSettled(batch: Batch, attempt: number, signal: AbortSignal): Promise<boolean> {
    const { store, epoch } = this.#options;
    try {
      await store.append(batch, signal);
      return true;
    } catch (error) {
      const code = store.errorCode(error);
      if (code === 'conflict') {
        const isOwn = attempt > 0 && (await this.#holds(batch, signal));
        if (isOwn !== false) return isOwn === true;
        const details = { location: store.location, seq: batch.firstSeq, epoch };
        throw this.#end(rynxsError('RYNXS_LOG_FENCED', details, { cause: error }));
      }
      const isNothingWritten = NOTHING_WRITTEN.has(code);
      if (isNothingWritten && attempt === 0) throw error;
      if ((code !== 'ambiguous' && !isNothingWritten) || signal.aborted) throw this.#endInDoubt(error);
      return false;
    }
  }

  /**
   * Whether the store holds exactly this batch: then an earlier attempt, whose answer was lost, succeeded. Undefined when
   * the store cannot be read now: nothing is settled then, and the same bytes go out again.
   */
  async #holds(batch: Batch, signal: AbortSignal): Promise<boolean | undefined> {
    const { store } = this.#options;
    const stored: Uint8Array[] = [];
    let length = 0;
    try {
      for await (const chunk of store.read(batch.firstSeq, signal)) {
        stored.push(chunk);
        length += chunk.length;
        if (length >= batch.bytes.length) break;
      }
    } catch (error) {
      if (signal.aborted) throw this.#endInDoubt(error);
      return undefined;
    }
    return Buffer.concat(stored).subarray(0, batch.bytes.length).equals(batch.bytes);
  }

  #settle(group: readonly PendingAppend[], records: readonly LogRecord[]): void {
    let from = 0;
    for (const pending of group) {
      pending.resolve(records.slice(from, from + pending.events.length));
      from += pending.events.length;
    }
  }

  #endInDoubt(error: unknown): RynxsError {
    this.#isInDoubt = true;
    return this.#end(storeFailure(this.#options.store, error));
  }

  #end(reason: RynxsError): RynxsError {
    if (this.#ended.signal.aborted) return this.#ended.signal.reason;
    this.#ended.abort(reason);
    this.#timeout[Symbol.dispose]();
    for (const pending of this.#queue.splice(0)) pending.reject(reason);
    this.#queuedBytes = 0;
    for (const { pending, leave } of this.#waiting.splice(0)) {
      leave();
      pending.reject(reason);
    }
    return reason;
  }

  #hasSpaceFor(bytes: number): boolean {
    return this.#queuedBytes === 0 || this.#queuedBytes + bytes <= this.#maxQueuedBytes;
  }

  #admit(pending: PendingAppend): void {
    this.#queue.push(pending);
    this.#queuedBytes += pending.bytes;
    this.#running ??= this.#run();
  }

  #wait(pending: PendingAppend, signal: AbortSignal | undefined): void {
    const onAbort = () => {
      this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
      pending.reject(signal?.reason);
    };
    const waiting = { pending, leave: () => signal?.removeEventListener('abort', onAbort) };
    this.#waiting.push(waiting);
    signal?.addEventListener('abort', onAbort, { once: true });
    if (signal?.aborted === true) onAbort();
  }

  /** Nobody overtakes who waits: a small append does not slip past a large one. */
  #admitWaiting(): void {
    for (let first = this.#waiting[0]; first !== undefined; first = this.#waiting[0]) {
      if (!this.#hasSpaceFor(first.pending.bytes)) return;
      this.#waiting.shift();
      first.leave();
      this.#admit(first.pending);
    }
  }
}
