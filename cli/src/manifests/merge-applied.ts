import { isDeepStrictEqual } from 'node:util';

/**
 * The three-way merge of applying: `current` with the values of `wanted`, without what `last` had and `wanted` has no
 * more. Maps are merged by key. A list is replaced, unless it is as it was applied last and all of it is in `current`
 * already: then what the server added to its elements stays.
 */
export function mergeApplied(current: unknown, wanted: unknown, last: unknown): unknown {
  if (Array.isArray(current) && Array.isArray(wanted)) {
    const sameAsLast = last === undefined || isDeepStrictEqual(wanted, last);
    return sameAsLast && isWithin(wanted, current) ? current : wanted;
  }
  if (!isMap(current) || !isMap(wanted)) return wanted;
  // Maps, because a manifest may have any key, `__proto__` too.
  const merged = new Map(Object.entries(current));
  const lastFields = new Map(isMap(last) ? Object.entries(last) : []);
  for (const [key, value] of lastFields) {
    if (Object.hasOwn(wanted, key) || !merged.has(key)) continue;
    const rest = isMap(value) ? mergeApplied(merged.get(key), {}, value) : {};
    // Of a map, what others put into it stays.
    if (isMap(rest) && Object.keys(rest).length > 0) merged.set(key, rest);
    else merged.delete(key);
  }
  for (const [key, value] of Object.entries(wanted)) {
    merged.set(key, merged.has(key) ? mergeApplied(merged.get(key), value, lastFields.get(key)) : value);
  }
  return Object.fromEntries(merged);
}

/** Whether everything that `wanted` says is so in `current`. */
function isWithin(wanted: unknown, current: unknown): boolean {
  if (Array.isArray(wanted) && Array.isArray(current)) {
    return wanted.length === current.length && wanted.every((item, index) => isWithin(item, current[index]));
  }
  if (isMap(wanted) && isMap(current)) {
    return Object.entries(wanted).every(
      ([key, value]) => Object.hasOwn(current, key) && isWithin(value, current[key]),
    );
  }
  return isDeepStrictEqual(wanted, current);
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
