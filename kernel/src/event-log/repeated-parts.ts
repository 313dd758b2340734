import type { Json, JsonMap } from '@rynxs/log';

/** Where a part stands in a value: names and, in arrays, indices as text. */
type Path = readonly string[];

/** A JSON value in which what stands in several places is written in the first of them, and `null` in the others. */
export interface WrittenOnce {
  readonly value: JsonMap;
  /** Of each part that stands in several places: all of them, the first one first. */
  readonly repeated: readonly (readonly Path[])[];
}

/**
 * Writes each object and array of a value once. A state that was reduced from events refers to the same parts again and
 * again: of an Agent's, three fifths. What is equal without being the same is written as often as it is there.
 */
export function writeOnce(value: JsonMap): WrittenOnce {
  const places = new Map<object, Path[]>();
  const copyOf = (part: object, path: Path): Json => {
    places.set(part, [path]);
    if (Array.isArray(part)) return part.map((child, index) => written(child, [...path, String(index)]));
    // Without a prototype, `__proto__` is a name like any other.
    const copy: Record<string, Json> = Object.create(null);
    for (const [name, child] of Object.entries(part)) copy[name] = written(child, [...path, name]);
    return copy;
  };
  const written = (child: unknown, path: Path): Json => {
    if (typeof child !== 'object' || child === null || isEmpty(child)) return child as Json;
    const known = places.get(child);
    if (known === undefined) return copyOf(child, path);
    known.push(path);
    return null;
  };
  const copy = copyOf(value, []) as JsonMap;
  return { value: copy, repeated: [...places.values()].filter((paths) => paths.length > 1) };
}

/**
 * Puts each repeated part where it belongs, in place, and returns the value: what was the same is the same again. Throws
 * TypeError for a place that the value does not have.
 */
export function restoreRepeated({ value, repeated }: WrittenOnce): JsonMap {
  for (const [first = [], ...others] of repeated) {
    const part = partAt(value, first);
    for (const path of others) {
      const parent = partAt(value, path.slice(0, -1));
      const name = path.at(-1) ?? '';
      if (!Object.hasOwn(parent, name)) throw new TypeError(`there is no ${path.join('.')}`);
      (parent as Record<string, unknown>)[name] = part;
    }
  }
  return value;
}

function partAt(value: object, path: Path): object {
  let part: unknown = value;
  for (const name of path) {
    part = Object.hasOwn(part as object, name) ? (part as Record<string, unknown>)[name] : undefined;
    if (typeof part !== 'object' || part === null) throw new TypeError(`there is no ${path.join('.')}`);
  }
  return part as object;
}

function isEmpty(part: object): boolean {
  for (const _ in part) return false;
  return true;
}
