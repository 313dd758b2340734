import type { LogPosition } from '@rynxs/log';
import type { Clock } from '../contracts/clock.js';
import type { StoreHead } from '../contracts/event-store.js';
import type { Tenure } from '../contracts/leadership.js';
import { type RynxsError, rynxsError } from '../errors/rynxs-error.js';
import { LogAvailability } from './availability.js';
import { openFailure } from './open-failure.js';
import { catchUp, follow, type OpeningParts } from './opening.js';
import { mustHold } from './read-on.js';

/**
 * How long who leads hopes that a log comes back that cannot be used, and how long it may take to begin a term. Then others
 * may try, where there are others. As long as a commit may be in doubt.
 */
export const PATIENCE_MS = 30_000;
/** How long the store may take to say where the log ends. */
const LOOK_TIMEOUT_MS = 5_000;
/** Who leads and writes nothing looks this often whether the store still answers. */
const IDLE_LOOK_MS = 10_000;
/** Failures that say something of the log itself: nothing may be written to it any more. */
const FINAL = ['RYNXS_LOG_DAMAGED', 'RYNXS_LOG_ROLLED_BACK', 'RYNXS_REDUCER_FAILED'] as const;

/**
 * Reads what others have written to the log, and knows how it goes with the store and with the log: whether it can be used
 * now, and whether it may be gone on with at all. Its methods move the position, so only one runs at a time.
 */
export class StoreWatch {
  readonly #parts: OpeningParts;
  readonly #position: LogPosition;
  readonly #clock: Clock;
  readonly #availability: LogAvailability;
  /** When the store was last seen to work (monotonic). */
  #usedAt: number;
  #failure: RynxsError | undefined;

  constructor(parts: OpeningParts, position: LogPosition, clock: Clock) {
    this.#parts = parts;
    this.#position = position;
    this.#clock = clock;
    this.#availability = new LogAvailability(clock, parts.logger, parts.metrics);
    this.#usedAt = clock.monotonic();
  }

  /** Why nobody may go on with the log; undefined while it is good. */
  get failure(): RynxsError | undefined {
    return this.#failure;
  }

  /** Why the log cannot be used, in one line: for good, or now. Undefined when it can. */
  get problem(): string | undefined {
    return this.#failure?.message ?? this.#availability.problem;
  }

  /** The log was found to be one that nobody may go on with. */
  fail(failure: RynxsError): void {
    this.#parts.logger.error('the event log is not to be gone on with', { error: failure });
    this.#failure ??= failure;
  }

  /** A commit became durable, or did not. */
  written(failure: RynxsError | undefined): void {
    if (failure !== undefined) {
      this.#availability.failed('write', failure);
      return;
    }
    this.#usedAt = this.#clock.monotonic();
    this.#availability.succeeded('write');
  }

  /** No term runs any more. */
  stoppedWriting(): void {
    this.#availability.stoppedWriting();
  }

  /**
   * Reads and verifies what is in the store beyond what is known, and compares the log with what is known of it elsewhere.
   * A store in which a commit was left in doubt is opened anew before. Returns the size of the newest checkpoint that
   * counts; 0 when there is none. Gives up after 30 s, and when the tenure is over.
   */
  async catchUp(tenure: Tenure, isInDoubt: boolean, signal: AbortSignal): Promise<number> {
    const { store } = this.#parts;
    const ended = AbortSignal.any([signal, tenure.signal]);
    using late = this.#lateAfter(PATIENCE_MS);
    const any = AbortSignal.any([ended, late.signal]);
    return await this.#reading(ended, async () => {
      if (isInDoubt) await store.open(any, { knownSize: this.#position.size });
      return await catchUp(this.#parts, this.#position, any);
    });
  }

  /** Reads and verifies what others have written since. */
  async follow(signal: AbortSignal): Promise<void> {
    const hasFailed = this.#availability.isFailing('read');
    await this.#reading(signal, async () => {
      const { nextSeq } = await this.#look(signal);
      // What comes back after a failure may be another place under the same name.
      if (nextSeq !== this.#position.size || hasFailed) await follow(this.#parts, this.#position, signal);
    });
    this.#parts.metrics.reached(this.#position.size - 1, this.#position.term.epoch);
  }

  /** Sees whether the store answers when it was not used for a while. Throws when it does not. */
  async lookWhileIdle(signal: AbortSignal): Promise<void> {
    const idleMs = this.#clock.monotonic() - this.#usedAt;
    if (this.#availability.problem === undefined && idleMs < IDLE_LOOK_MS) return;
    const hasFailed = this.#availability.isFailing('read');
    await this.#reading(signal, async () => {
      await this.#look(signal);
      if (hasFailed) await mustHold(this.#parts.store, this.#position, signal);
    });
  }

  /** Whether the store has not answered for so long that somebody else should try. */
  get isHopeless(): boolean {
    return this.#availability.failingForMs('read') >= PATIENCE_MS;
  }

  /** Where the log ends, within a time. */
  async #look(signal: AbortSignal): Promise<StoreHead> {
    using late = this.#lateAfter(LOOK_TIMEOUT_MS);
    return await this.#parts.store.head(AbortSignal.any([signal, late.signal]));
  }

  /** Reads the store, and takes note of how that went unless `signal` has ended it. */
  async #reading<T>(signal: AbortSignal, read: () => Promise<T>): Promise<T> {
    try {
      const result = await read();
      this.#usedAt = this.#clock.monotonic();
      this.#availability.succeeded('read');
      return result;
    } catch (error) {
      const { store, metrics } = this.#parts;
      const failure = openFailure(store, error, metrics);
      if (FINAL.some((code) => failure.code === code)) this.fail(failure);
      else if (!signal.aborted) this.#availability.failed('read', failure);
      throw failure;
    }
  }

  #lateAfter(ms: number): Disposable & { readonly signal: AbortSignal } {
    const { location } = this.#parts.store;
    const late = new AbortController();
    const reason = rynxsError('RYNXS_LOG_UNAVAILABLE', { location, detail: `no answer within ${ms} ms` });
    const timer = this.#clock.schedule(ms, () => late.abort(reason));
    return { signal: late.signal, [Symbol.dispose]: () => timer[Symbol.dispose]() };
  }
}
