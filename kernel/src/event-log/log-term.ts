import type { LogRecord } from '@rynxs/log';
import type { Clock } from '../contracts/clock.js';
import type { Tenure, Term } from '../contracts/leadership.js';
import type { Random } from '../contracts/random.js';
import { RynxsError, rynxsError } from '../errors/rynxs-error.js';
import { type EpochEnded, type EventDraft, LOG_AGGREGATE } from '../reconcile/events.js';
import type { Checkpointer } from './checkpointer.js';
import type { LogWriter } from './writer.js';

/** How long the last event of a term may take: who waits to lead waits for it. */
const END_TIMEOUT_MS = 5_000;
/** How long others wait for the last checkpoint; what it would have covered, the next term signs. */
const LAST_CHECKPOINT_MS = 500;

/** A term that can write. */
export interface WritingTerm extends Term {
  /**
   * From when on the term may write to the cluster, on the monotonic clock; `assert` throws before
   * (RYNXS_LEADERSHIP_HELD_OFF). Later than its beginning where the term before may still be acting.
   */
  readonly actsFrom: number;
  /**
   * Appends events in one commit; resolves when they are durable. Rejects with RYNXS_LEADERSHIP_LOST when the tenure is
   * over, otherwise as LogWriter.append.
   */
  append(drafts: readonly EventDraft[], signal?: AbortSignal): Promise<readonly LogRecord[]>;
  /**
   * Records EpochEnded after everything that is queued, closes the writer, and makes the last checkpoint. A term that has
   * not yet been allowed to act ends without EpochEnded: its successor would take that for the word that nobody else
   * acts, and the term before this one may.
   */
  end(reason: string): Promise<void>;
}

export interface LogTermParts {
  readonly tenure: Tenure;
  readonly epoch: number;
  readonly writer: LogWriter;
  readonly checkpointer: Checkpointer;
  readonly clock: Clock;
  readonly random: Random;
  readonly actsFrom: number;
  /** Whether others wait to lead. */
  readonly hasRivals: boolean;
  /** Where the log is, for messages. */
  readonly location: string;
}

/** A term of the log from its EpochStarted on. It ends with its tenure and with its writer, whichever is first. */
export class LogTerm {
  readonly writer: LogWriter;
  readonly #parts: LogTermParts;
  /** Its checkpointer outlives the writer by one checkpoint. */
  #isEnding = false;

  constructor(parts: LogTermParts) {
    const { tenure, writer, checkpointer } = parts;
    this.#parts = parts;
    this.writer = writer;
    const onTenureEnd = () => writer.fail(lossOf(tenure.signal));
    const onWriterEnd = () => {
      tenure.signal.removeEventListener('abort', onTenureEnd);
      if (!this.#isEnding) void checkpointer.abandon();
    };
    tenure.signal.addEventListener('abort', onTenureEnd, { once: true });
    writer.signal.addEventListener('abort', onWriterEnd, { once: true });
    if (tenure.signal.aborted) onTenureEnd();
    else if (writer.signal.aborted) onWriterEnd();
  }

  get isOver(): boolean {
    return this.writer.signal.aborted;
  }

  /** What whoever leads works with. */
  toWritingTerm(): WritingTerm {
    const { tenure, epoch, writer, actsFrom } = this.#parts;
    return {
      epoch,
      holder: tenure.holder,
      signal: AbortSignal.any([tenure.signal, writer.signal]),
      writeTimeoutMs: tenure.writeTimeoutMs,
      actsFrom,
      assert: (remainingMs) => this.#assert(remainingMs),
      append: (drafts, signal) => this.#append(drafts, signal),
      end: (reason) => this.#end(reason),
    };
  }

  /** Ends it without a word; waits for what is under way. */
  async close(): Promise<void> {
    await this.writer.close();
    await this.#parts.checkpointer.close();
  }

  #assert(remainingMs: number): void {
    const { tenure, actsFrom, clock } = this.#parts;
    this.writer.signal.throwIfAborted();
    tenure.assert(remainingMs);
    const waitMs = actsFrom - clock.monotonic();
    if (waitMs > 0) throw rynxsError('RYNXS_LEADERSHIP_HELD_OFF', { waitMs: Math.ceil(waitMs) });
  }

  /** Also what was done is recorded only by who leads still: otherwise the next term looks what became of it. */
  async #append(drafts: readonly EventDraft[], signal?: AbortSignal): Promise<readonly LogRecord[]> {
    this.writer.signal.throwIfAborted();
    this.#parts.tenure.assert(0);
    return this.writer.append(drafts, signal);
  }

  async #end(reason: string): Promise<void> {
    const { clock, epoch, random, actsFrom, location } = this.#parts;
    const { writer } = this;
    if (clock.monotonic() >= actsFrom) {
      const ended: EpochEnded = { v: 1, epoch, reason };
      const traceId = random.hex(16);
      const detail = `the last event of the term was not durable within ${END_TIMEOUT_MS} ms`;
      const late = () => writer.fail(rynxsError('RYNXS_LOG_UNAVAILABLE', { location, detail }));
      using _ = clock.schedule(END_TIMEOUT_MS, late);
      await this.#append([{ type: 'EpochEnded', aggregateId: LOG_AGGREGATE, payload: ended, traceId }]);
    }
    this.#isEnding = true;
    await writer.close();
    await this.#lastCheckpoint();
  }

  async #lastCheckpoint(): Promise<void> {
    const { checkpointer, clock, hasRivals } = this.#parts;
    const kept = checkpointer.checkpoint({ isLast: true });
    if (hasRivals) {
      const inTime = new AbortController();
      const late = clock.sleep(LAST_CHECKPOINT_MS, inTime.signal).catch(() => undefined);
      await Promise.race([kept, late]);
      inTime.abort();
      await checkpointer.abandon();
    }
    await kept;
    await checkpointer.close();
  }
}

function lossOf({ reason }: AbortSignal): RynxsError {
  if (reason instanceof RynxsError) return reason;
  const detail = reason instanceof Error ? reason.message : String(reason);
  return rynxsError('RYNXS_LEADERSHIP_LOST', { detail }, { cause: reason });
}
