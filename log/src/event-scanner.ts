import { isUtf8 } from 'node:buffer';
import { CanonicalScanner } from './canonical-scanner.js';
import { MAX_SEQ } from './limits.js';

/** Length of `2026-11-21T09:23:26.123Z`. */
const TS_BYTES = 24;
const MAX_INTEGER_DIGITS = 16;
const RFC_3339_MILLIS =
  /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{3}Z$/;

const AGGREGATE = Buffer.from('{"aggregate_id":');
const VERSION_AND_BATCH = Buffer.from(',"hash_version":"v3","meta":{"batch":');
const END = Buffer.from(',"end":true');
const EPOCH = Buffer.from(',"epoch":');
const TRACE = Buffer.from(',"trace_id":');
const WRITER = Buffer.from(',"writer":');
const PAYLOAD = Buffer.from('},"payload":');
const SEQ = Buffer.from(',"seq":');
const TS = Buffer.from(',"ts":"');
const TYPE = Buffer.from('","type":');
const CLOSE = Buffer.from('}');
const COMMA = 0x2c;

/**
 * Finds the parts of an event of hash version 3 in its canonical bytes. The order of its keys is fixed, so each key
 * is compared and each value skipped; nothing is allocated. The fields are those of the last event scanned, and
 * offsets point into its `text`; string fields are raw, without their quotes.
 */
export class EventScanner {
  text: Buffer = Buffer.alloc(0);
  batchStart = 0;
  batchEnd = 0;
  isEnd = false;
  epoch = 0;
  writerStart = 0;
  writerEnd = 0;
  payloadStart = 0;
  payloadEnd = 0;
  seq = 0;
  ts = '';
  typeStart = 0;
  typeEnd = 0;

  readonly #json = new CanonicalScanner();
  readonly #tsBytes = Buffer.alloc(TS_BYTES);
  #lastTsIsValid = '';

  /**
   * Whether the bytes from `start` to `end` are an event of version 3 with all that belongs to it, canonical.
   * With `skipPayload` the payload is stepped over unseen.
   */
  scan(text: Buffer, start: number, end: number, skipPayload: boolean): boolean {
    const json = this.#json;
    json.sawNotAscii = false;
    this.text = text;

    let at = after(text, start, AGGREGATE);
    at = json.stringEnd(text, at, end);
    this.batchStart = after(text, at, VERSION_AND_BATCH) + 1;
    at = json.stringEnd(text, this.batchStart - 1, end);
    if (at < 0) return false;
    this.batchEnd = at - 1;
    const afterEnd = after(text, at, END);
    this.isEnd = afterEnd >= 0;
    at = this.#integer(text, after(text, this.isEnd ? afterEnd : at, EPOCH));
    this.epoch = this.#value;
    at = json.stringEnd(text, after(text, at, TRACE), end);
    this.writerStart = after(text, at, WRITER) + 1;
    at = json.stringEnd(text, this.writerStart - 1, end);
    if (at < 0) return false;
    this.writerEnd = at - 1;
    this.payloadStart = after(text, at, PAYLOAD);
    if (this.payloadStart < 0) return false;
    this.payloadEnd = skipPayload
      ? lastSeqKey(text, this.payloadStart, end)
      : json.objectEnd(text, this.payloadStart, end, 0);
    if (this.payloadEnd <= this.payloadStart || (!skipPayload && !json.hasVersion)) return false;
    at = this.#integer(text, after(text, this.payloadEnd, SEQ));
    this.seq = this.#value;
    const tsAt = after(text, at, TS);
    if (tsAt < 0 || tsAt + TS_BYTES > end) return false;
    this.#readTs(text, tsAt);
    this.typeStart = after(text, tsAt + TS_BYTES, TYPE) + 1;
    at = json.stringEnd(text, this.typeStart - 1, end);
    if (at < 0) return false;
    this.typeEnd = at - 1;
    if (after(text, at, CLOSE) !== end || this.seq > MAX_SEQ || !this.#tsIsValid()) return false;
    return !json.sawNotAscii || isUtf8(text.subarray(start, end));
  }

  typeIs(type: Buffer): boolean {
    return (
      this.typeEnd - this.typeStart === type.length && after(this.text, this.typeStart, type) === this.typeEnd
    );
  }

  /** Neighbours mostly share their millisecond: then no new string is made. */
  #readTs(text: Buffer, start: number): void {
    for (let index = 0; index < TS_BYTES; index++) {
      if (text[start + index] === this.#tsBytes[index]) continue;
      text.copy(this.#tsBytes, 0, start, start + TS_BYTES);
      this.ts = this.#tsBytes.toString('latin1');
      return;
    }
  }

  #value = 0;

  /** Reads a whole number without sign; #value is its value. */
  #integer(text: Buffer, start: number): number {
    if (start < 0) return -1;
    let at = start;
    let value = 0;
    for (;;) {
      const digit = (text[at] ?? 0) - 0x30;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
      at++;
      if (at - start > MAX_INTEGER_DIGITS) return -1;
    }
    this.#value = value;
    const leadingZero = text[start] === 0x30 && at - start > 1;
    return at === start || leadingZero || value > Number.MAX_SAFE_INTEGER ? -1 : at;
  }

  #tsIsValid(): boolean {
    if (this.ts === this.#lastTsIsValid) return true;
    if (!RFC_3339_MILLIS.test(this.ts)) return false;
    this.#lastTsIsValid = this.ts;
    return true;
  }
}

/** The offset after `expected` if it stands at `at`, else -1. An `at` of -1 stays -1. */
function after(text: Buffer, at: number, expected: Buffer): number {
  if (at < 0) return -1;
  for (let index = 0; index < expected.length; index++) {
    if (text[at + index] !== expected[index]) return -1;
  }
  return at + expected.length;
}

/** A quote within a string is escaped, so the last `,"seq":` is the event's own key. */
function lastSeqKey(text: Buffer, start: number, end: number): number {
  // It is close to the end, where a loop is faster than a call into the native search.
  for (let at = end - SEQ.length; at >= start; at--) {
    if (text[at] === COMMA && after(text, at, SEQ) >= 0) return at;
  }
  return -1;
}
