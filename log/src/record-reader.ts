import type { LogEvent, LogRecord } from './event.js';
import { LineSplitter } from './line-splitter.js';
import { RECORD_HEAD_BYTES, RECORD_TAIL_BYTES } from './record.js';
import { HASH_AT, hashAt } from './record-shape.js';

/**
 * Reads the records of whole commits out of a log's bytes, verifying nothing: for bytes that are verified elsewhere at the
 * same time. A commit counts as whole when a record says that it is its end.
 */
export class RecordReader {
  readonly #onRecord: (record: LogRecord) => void;
  #commit: LogRecord[] = [];
  readonly #splitter: LineSplitter;

  constructor(onRecord: (record: LogRecord) => void) {
    this.#onRecord = onRecord;
    this.#splitter = new LineSplitter(
      (text, start, end) => this.#line(text, start, end),
      () => {
        throw new SyntaxError('a line is longer than a record may be');
      },
    );
  }

  /** Reads the next bytes, cut anywhere. Throws SyntaxError or TypeError for what is no record, and what `onRecord` throws. */
  push(chunk: Uint8Array): void {
    this.#splitter.push(chunk);
  }

  #line(text: Buffer, start: number, end: number): void {
    const eventStart = start + RECORD_HEAD_BYTES;
    const eventEnd = end - RECORD_TAIL_BYTES;
    if (eventEnd <= eventStart) throw new SyntaxError('the line is too short to be a record');
    const event = JSON.parse(text.toString('utf8', eventStart, eventEnd)) as LogEvent;
    const record = { event, hash: hashAt(text, eventEnd + HASH_AT) };
    const isWhole = event.hash_version !== 'v3' || event.meta.end === true;
    if (isWhole && this.#commit.length === 0) {
      this.#onRecord(record);
      return;
    }
    this.#commit.push(record);
    if (!isWhole) return;
    const commit = this.#commit;
    this.#commit = [];
    for (const one of commit) this.#onRecord(one);
  }
}
