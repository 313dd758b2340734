import type { Json } from './event.js';
import { MAX_JSON_DEPTH } from './limits.js';

/**
 * The canonical text of a JSON value: RFC 8785 (JCS). Keys in the order of their UTF-16 code units, no blanks,
 * numbers and strings as ECMAScript writes them, `-0` as `0`.
 *
 * Throws TypeError for what is not JSON (undefined, NaN, infinities, bigint, functions, instances of classes), for
 * strings or keys with a lone surrogate, and for values nested deeper than MAX_JSON_DEPTH (cycles are such values).
 */
export function canonicalize(value: Json): string {
  return canonical(value, '', 0);
}

function canonical(value: unknown, name: string, depth: number): string {
  switch (typeof value) {
    case 'string':
      return quoted(value, name);
    case 'number':
      if (!Number.isFinite(value)) throw invalid(name, `${value} is not JSON`);
      // Number::toString is what the RFC asks for; it writes -0 as 0.
      return String(value);
    case 'boolean':
      return value ? 'true' : 'false';
    case 'object':
      if (value === null) return 'null';
      if (depth >= MAX_JSON_DEPTH) throw invalid(name, `it is nested deeper than ${MAX_JSON_DEPTH} levels`);
      return Array.isArray(value)
        ? canonicalArray(value, name, depth + 1)
        : canonicalObject(value, name, depth + 1);
    default:
      throw invalid(name, `${typeof value} is not JSON`);
  }
}

function canonicalArray(elements: readonly unknown[], name: string, depth: number): string {
  let text = '[';
  for (let index = 0; index < elements.length; index++) {
    if (index > 0) text += ',';
    text += canonical(elements[index], name, depth);
  }
  return `${text}]`;
}

function canonicalObject(object: object, name: string, depth: number): string {
  const prototype: unknown = Object.getPrototypeOf(object);
  // A Date or a Map would silently become {}; of another realm or a null prototype is fine.
  if (prototype !== null && prototype !== Object.prototype && Object.getPrototypeOf(prototype) !== null) {
    throw invalid(name, 'an instance of a class is not JSON');
  }
  const keys = Object.keys(object);
  sortUnlessSorted(keys);
  let text = '{';
  for (let index = 0; index < keys.length; index++) {
    const key = keys[index] ?? '';
    if (index > 0) text += ',';
    text += `${quoted(key, name)}:${canonical((object as Record<string, unknown>)[key], key, depth)}`;
  }
  return `${text}}`;
}

/** Keys mostly are in order already, because most objects were read from canonical text or written by hand so. */
function sortUnlessSorted(keys: string[]): void {
  for (let index = 1; index < keys.length; index++) {
    if ((keys[index - 1] ?? '') > (keys[index] ?? '')) {
      keys.sort();
      return;
    }
  }
}

/** Printable ASCII that needs no escape: most strings of an event, and quicker to test than to quote. */
const PLAIN = /^[ !#-[\]-~]*$/;

function quoted(text: string, name: string): string {
  if (PLAIN.test(text)) return `"${text}"`;
  if (!text.isWellFormed()) throw invalid(name, 'a lone surrogate is not Unicode text');
  return JSON.stringify(text);
}

function invalid(name: string, reason: string): TypeError {
  return new TypeError(name === '' ? reason : `"${name}": ${reason}`);
}
