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
  const merged: Record<string, unknown> = { ...current };
  const lastFields = isMap(last) ? last : {};
  for (const [key, value] of Object.entries(lastFields)) {
    if (Object.hasOwn(wanted, key) || !Object.hasOwn(merged, key)) continue;
    const rest = isMap(value) ? mergeApplied(merged[key], {}, value) : {};
    // Of a map, what others put into it stays.
    if (isMap(rest) && Object.keys(rest).length > 0) merged[key] = rest;
    else delete merged[key];
  }
  for (const [key, value] of Object.entries(wanted)) {
    merged[key] = Object.hasOwn(current, key) ? mergeApplied(current[key], value, lastFields[key]) : value;
  }
  return merged;
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
