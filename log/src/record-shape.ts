import { RECORD_HEAD_BYTES, RECORD_TAIL_BYTES } from './record.js';

// The fixed bytes around an event, for verifying lines where they stand in a larger buffer.

const HEAD = Buffer.from('{"event":');
const BEFORE_HASH = Buffer.from(',"event_hash":"');
const BEFORE_PREV_HASH = Buffer.from('","prev_hash":"');
const CLOSE = Buffer.from('"}');

export const HASH_BYTES = 64;
/** Offset of H from the end of the event. */
export const HASH_AT = BEFORE_HASH.length;
/** Offset of P from the end of the event. */
export const PREV_HASH_AT = HASH_AT + HASH_BYTES + BEFORE_PREV_HASH.length;

/** Whether the line from `start` to `end` (without LF) has everything that stands around an event. */
export function hasRecordShape(text: Buffer, start: number, end: number): boolean {
  const tail = end - RECORD_TAIL_BYTES;
  return (
    tail > start + RECORD_HEAD_BYTES &&
    standsAt(text, start, HEAD) &&
    standsAt(text, tail, BEFORE_HASH) &&
    standsAt(text, tail + HASH_AT + HASH_BYTES, BEFORE_PREV_HASH) &&
    standsAt(text, end - CLOSE.length, CLOSE)
  );
}

export function hashAt(text: Buffer, start: number): string {
  return text.toString('latin1', start, start + HASH_BYTES);
}

/** Whether the hash that stands at `start` is this one. */
export function isHashAt(text: Buffer, start: number, expected: string): boolean {
  for (let index = 0; index < HASH_BYTES; index++) {
    if (text[start + index] !== expected.charCodeAt(index)) return false;
  }
  return true;
}

/** Whether `expected` begins with the hash that stands at `start`. */
export function sameHash(expected: Buffer, text: Buffer, start: number): boolean {
  for (let index = 0; index < HASH_BYTES; index++) {
    if (expected[index] !== text[start + index]) return false;
  }
  return true;
}

function standsAt(text: Buffer, start: number, expected: Buffer): boolean {
  for (let index = 0; index < expected.length; index++) {
    if (text[start + index] !== expected[index]) return false;
  }
  return true;
}
