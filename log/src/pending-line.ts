import type { LogEvent } from './event.js';
import { RECORD_HEAD_BYTES, RECORD_TAIL_BYTES } from './record.js';
import type { VerifiedLine } from './verification.js';

/** A record that waits for the end of its commit, then is given to the reader. */
export class PendingLine implements VerifiedLine {
  #event: LogEvent | undefined;
  #isOwn = false;

  constructor(
    readonly seq: number,
    readonly hash: string,
    readonly prevHash: string,
    readonly offset: number,
    public line: Buffer,
  ) {}

  get event(): LogEvent {
    this.#event ??= JSON.parse(
      this.line.toString('utf8', RECORD_HEAD_BYTES, this.line.length - RECORD_TAIL_BYTES),
    ) as LogEvent;
    return this.#event;
  }

  /** Copies the line, because the memory that it lies in is about to change. */
  detach(): void {
    if (this.#isOwn) return;
    this.line = Buffer.from(this.line);
    this.#isOwn = true;
  }
}
