import { LogAudit, type LogRecord, RecordReader, RolledBack } from '@rynxs/log';
import { type AuditedLog, AuditThread, type AuditThreadOptions } from '../threads/audit-thread.js';
import { THREAD_FROM_RECORDS } from '../threads/line-feed.js';

export interface LogReplayOptions extends AuditThreadOptions {
  readonly onRecord: (record: LogRecord) => void;
}

/** Something that verifies a log's bytes and hands on its records. */
export interface LogReplay extends AsyncDisposable {
  /** Takes the next bytes; wait for what it returns. Throws or rejects with Damage, and what `onRecord` throws. */
  push(chunk: Uint8Array): Promise<void> | undefined;
  /** Ends the replay. Rejects with Damage. */
  finish(): Promise<AuditedLog>;
}

/** What is best for so many records. */
export function startReplay(records: number, options: LogReplayOptions): LogReplay {
  return records < THREAD_FROM_RECORDS ? new InlineReplay(options) : new ThreadedReplay(options);
}

/** Verifies first: only records of commits that verified are handed on. Moves the position that it was given. */
export class InlineReplay implements LogReplay {
  readonly #audit: LogAudit;

  constructor({ onRecord, ...options }: LogReplayOptions) {
    this.#audit = new LogAudit({ ...options, onRecord: ({ event, hash }) => onRecord({ event, hash }) });
  }

  push(chunk: Uint8Array): undefined {
    this.#audit.push(chunk);
  }

  async finish(): Promise<AuditedLog> {
    const { position } = this.#audit;
    try {
      return { position, signedTo: this.#audit.finish().signedTo, rolledBack: undefined };
    } catch (error) {
      if (!(error instanceof RolledBack)) throw error;
      return { position, signedTo: 0, rolledBack: error };
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

/**
 * Verifies in a thread while it hands on records, so they may turn out to be damaged: who takes them must throw away what
 * came of them unless `finish` resolves.
 */
export class ThreadedReplay implements LogReplay {
  readonly #audit: AuditThread;
  readonly #reader: RecordReader;

  constructor({ onRecord, ...options }: LogReplayOptions) {
    this.#audit = new AuditThread(options);
    this.#reader = new RecordReader(onRecord);
  }

  push(chunk: Uint8Array): Promise<void> | undefined {
    this.#audit.push(chunk);
    try {
      this.#reader.push(chunk);
    } catch (error) {
      return this.#blame(error);
    }
    return this.#audit.ready();
  }

  finish(): Promise<AuditedLog> {
    return this.#audit.finish();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#audit[Symbol.asyncDispose]();
  }

  /** What could not be read or reduced may be damage; only of records that verify is the failure their reader's. */
  async #blame(error: unknown): Promise<never> {
    throw (await this.#audit.damage()) ?? error;
  }
}
