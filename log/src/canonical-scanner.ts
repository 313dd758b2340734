import { MAX_JSON_DEPTH } from './limits.js';

// Byte classes within a string.
const PLAIN = 0;
const QUOTE = 1;
const BACKSLASH = 2;
const CONTROL = 3;
const NOT_ASCII = 4;
const CLASS_OF = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte === 0x22
    ? QUOTE
    : byte === 0x5c
      ? BACKSLASH
      : byte < 0x20
        ? CONTROL
        : byte >= 0x80
          ? NOT_ASCII
          : PLAIN,
);
/** What may follow a backslash: the five short escapes that RFC 8785 prescribes, quote and backslash. */
const SHORT_ESCAPES = new Set(Array.from('"\\bfnrt', (character) => character.charCodeAt(0)));
/** Controls that have a short escape and are therefore never written as \u00xx. */
const SHORTLY_ESCAPED = new Set([8, 9, 10, 12, 13]);
/** Integers of so many digits are exact in a double, and written by ECMAScript as they stand. */
const MAX_EXACT_DIGITS = 15;

/**
 * Tells whether bytes are the canonical text (RFC 8785) of JSON values, in one pass and without making values: it
 * accepts exactly what `canonicalize(JSON.parse(text)) === text` accepts. Bytes outside ASCII are only noted
 * (`sawNotAscii`): whether they are UTF-8 is for the caller to ask once for the whole text.
 *
 * Every `…End` method returns the offset after what it scanned, or -1 when that is not canonical.
 */
export class CanonicalScanner {
  sawNotAscii = false;
  /** Of the last object of depth 0: whether it has a key `v` whose value is a number. */
  hasVersion = false;
  /** Of the last string: whether its bytes are its UTF-16 code units. */
  #stringIsPlain = true;

  valueEnd(text: Buffer, start: number, end: number, depth: number): number {
    switch (text[start]) {
      case 0x22:
        return this.stringEnd(text, start, end);
      case 0x7b:
        return this.objectEnd(text, start, end, depth);
      case 0x5b:
        return this.#arrayEnd(text, start, end, depth);
      case 0x74:
        return literalEnd(text, start, end, 'true');
      case 0x66:
        return literalEnd(text, start, end, 'false');
      case 0x6e:
        return literalEnd(text, start, end, 'null');
      default:
        return numberEnd(text, start, end);
    }
  }

  stringEnd(text: Buffer, start: number, end: number): number {
    this.#stringIsPlain = true;
    if (start >= end || text[start] !== 0x22) return -1;
    for (let at = start + 1; at < end; at++) {
      switch (CLASS_OF[text[at] ?? 0]) {
        case PLAIN:
          break;
        case QUOTE:
          return at + 1;
        case BACKSLASH: {
          this.#stringIsPlain = false;
          const length = escapeLength(text, at, end);
          if (length === 0) return -1;
          at += length - 1;
          break;
        }
        case NOT_ASCII:
          this.#stringIsPlain = false;
          this.sawNotAscii = true;
          break;
        default:
          return -1;
      }
    }
    return -1;
  }

  objectEnd(text: Buffer, start: number, end: number, depth: number): number {
    if (depth >= MAX_JSON_DEPTH || text[start] !== 0x7b) return -1;
    if (depth === 0) this.hasVersion = false;
    if (text[start + 1] === 0x7d) return bounded(start + 2, end);
    let keyAt = start + 1;
    let previousAt = -1;
    let previousEnd = -1;
    let previousIsPlain = true;
    for (;;) {
      const keyEnd = this.stringEnd(text, keyAt, end);
      if (keyEnd < 0 || text[keyEnd] !== 0x3a) return -1;
      const isPlain = this.#stringIsPlain;
      if (previousAt >= 0) {
        const ascends =
          isPlain && previousIsPlain
            ? plainKeysAscend(text, previousAt + 1, previousEnd - 1, keyAt + 1, keyEnd - 1)
            : keysAscend(text, previousAt, previousEnd, keyAt, keyEnd);
        if (!ascends) return -1;
      }
      const valueAt = keyEnd + 1;
      const valueEnd = this.valueEnd(text, valueAt, end, depth + 1);
      if (valueEnd < 0 || valueEnd >= end) return -1;
      if (depth === 0 && keyEnd - keyAt === 3 && text[keyAt + 1] === 0x76) {
        const first = text[valueAt] ?? 0;
        this.hasVersion = first === 0x2d || (first >= 0x30 && first <= 0x39);
      }
      const next = text[valueEnd];
      if (next === 0x7d) return valueEnd + 1;
      if (next !== 0x2c) return -1;
      previousAt = keyAt;
      previousEnd = keyEnd;
      previousIsPlain = isPlain;
      keyAt = valueEnd + 1;
    }
  }

  #arrayEnd(text: Buffer, start: number, end: number, depth: number): number {
    if (depth >= MAX_JSON_DEPTH) return -1;
    if (text[start + 1] === 0x5d) return bounded(start + 2, end);
    let at = start + 1;
    for (;;) {
      const valueEnd = this.valueEnd(text, at, end, depth + 1);
      if (valueEnd < 0 || valueEnd >= end) return -1;
      const next = text[valueEnd];
      if (next === 0x5d) return valueEnd + 1;
      if (next !== 0x2c) return -1;
      at = valueEnd + 1;
    }
  }
}

function bounded(at: number, end: number): number {
  return at <= end ? at : -1;
}

function literalEnd(text: Buffer, start: number, end: number, literal: string): number {
  for (let index = 0; index < literal.length; index++) {
    if (text[start + index] !== literal.charCodeAt(index)) return -1;
  }
  return bounded(start + literal.length, end);
}

/** Length of the escape at `at`, 0 when it is not the one that RFC 8785 prescribes. */
function escapeLength(text: Buffer, at: number, end: number): number {
  const kind = text[at + 1] ?? 0;
  if (SHORT_ESCAPES.has(kind)) return 2;
  if (kind !== 0x75 || at + 6 > end) return 0;
  const digits = text.toString('latin1', at + 2, at + 6);
  if (!/^00[01][0-9a-f]$/.test(digits)) return 0;
  return SHORTLY_ESCAPED.has(Number.parseInt(digits, 16)) ? 0 : 6;
}

function numberEnd(text: Buffer, start: number, end: number): number {
  let at = start;
  if (text[at] === 0x2d) at++;
  const digitsAt = at;
  while (at < end && isDigit(text[at])) at++;
  const digits = at - digitsAt;
  const more = text[at];
  const isInteger = more !== 0x2e && more !== 0x65 && more !== 0x45;
  if (isInteger && digits > 0 && digits <= MAX_EXACT_DIGITS) {
    const leadingZero = text[digitsAt] === 0x30;
    return leadingZero && (digits > 1 || digitsAt > start) ? -1 : at;
  }
  while (at < end && isNumberByte(text[at])) at++;
  const written = text.toString('latin1', start, at);
  return written !== '' && String(Number(written)) === written ? at : -1;
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x30 && byte <= 0x39;
}

function isNumberByte(byte: number | undefined): boolean {
  return isDigit(byte) || byte === 0x2e || byte === 0x65 || byte === 0x45 || byte === 0x2b || byte === 0x2d;
}

function plainKeysAscend(text: Buffer, aStart: number, aEnd: number, bStart: number, bEnd: number): boolean {
  const shorter = Math.min(aEnd - aStart, bEnd - bStart);
  for (let index = 0; index < shorter; index++) {
    const a = text[aStart + index] ?? 0;
    const b = text[bStart + index] ?? 0;
    if (a !== b) return a < b;
  }
  return aEnd - aStart < bEnd - bStart;
}

/** The order is that of UTF-16 code units, which UTF-8 bytes do not have. */
function keysAscend(text: Buffer, aStart: number, aEnd: number, bStart: number, bEnd: number): boolean {
  const a: string = JSON.parse(text.toString('utf8', aStart, aEnd));
  const b: string = JSON.parse(text.toString('utf8', bStart, bEnd));
  return a < b;
}
