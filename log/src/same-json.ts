import type { Json } from './event.js';

/**
 * Whether two JSON values have the same canonical text (`canonicalize`), whatever the order of their keys; told without
 * writing the texts.
 */
export function isSameJson(a: Json, b: Json): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (isList(a) || isList(b)) return isList(a) && isList(b) && isSameList(a, b);
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return false;
  for (const key of keys) {
    const value = a[key];
    if (!Object.hasOwn(b, key)) return false;
    const other = b[key];
    if (value !== other && !isSameJson(value as Json, other as Json)) return false;
  }
  return true;
}

function isSameList(a: readonly Json[], b: readonly Json[]): boolean {
  return a.length === b.length && a.every((element, index) => isSameJson(element, b[index] as Json));
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}
