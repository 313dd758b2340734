import type { KubernetesObject } from '@rynxs/kernel';

/** JSON that may still be changed: an object on its way into the storage. */
export type JsonValue = null | boolean | number | string | JsonValue[] | JsonObject;
export interface JsonObject {
  [field: string]: JsonValue | undefined;
}

/** Sees a stored object as plain JSON. What is stored is shared: copy it with `cloneJson` before changing it. */
export function asJson(object: KubernetesObject): JsonObject {
  return object as unknown as JsonObject;
}

/** Sees prepared JSON, which must have metadata, as an object. */
export function asKubernetesObject(json: JsonObject): KubernetesObject {
  return json as unknown as KubernetesObject;
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value at a path of fields; undefined where any part of it is absent. */
export function at(value: JsonValue | undefined, ...path: readonly string[]): JsonValue | undefined {
  let current = value;
  for (const field of path) {
    if (!isJsonObject(current) || !Object.hasOwn(current, field)) return undefined;
    current = current[field];
  }
  return current;
}

/** The object at a path of fields; an empty one, not connected with `value`, where there is none. */
export function objectAt(value: JsonValue | undefined, ...path: readonly string[]): JsonObject {
  const found = at(value, ...path);
  return isJsonObject(found) ? found : {};
}

/** The list of objects at a path of fields; anything in it that is no object is left out. */
export function objectsAt(value: JsonValue | undefined, ...path: readonly string[]): JsonObject[] {
  const found = at(value, ...path);
  return Array.isArray(found) ? found.filter(isJsonObject) : [];
}

export function stringAt(value: JsonValue | undefined, ...path: readonly string[]): string | undefined {
  const found = at(value, ...path);
  return typeof found === 'string' ? found : undefined;
}

export function numberAt(value: JsonValue | undefined, ...path: readonly string[]): number | undefined {
  const found = at(value, ...path);
  return typeof found === 'number' ? found : undefined;
}

/** The string-valued map at a path (labels, annotations); empty where there is none. */
export function stringsAt(value: JsonValue | undefined, ...path: readonly string[]): Record<string, string> {
  const strings: Record<string, string> = {};
  for (const [key, entry] of Object.entries(objectAt(value, ...path))) {
    if (typeof entry === 'string') strings[key] = entry;
  }
  return strings;
}

/** A deep copy. Fields that are undefined are left out. */
export function cloneJson<T extends JsonValue | undefined>(value: T): T {
  return clone(value) as T;
}

function clone(value: JsonValue | undefined): JsonValue | undefined {
  if (Array.isArray(value)) return value.map((item) => clone(item) ?? null);
  if (!isJsonObject(value)) return value;
  const copy: JsonObject = {};
  for (const field of Object.keys(value)) {
    const entry = value[field];
    if (entry !== undefined) setField(copy, field, clone(entry));
  }
  return copy;
}

/** Sets a field whose name came from outside: `__proto__` becomes an ordinary field. */
export function setField(target: JsonObject, field: string, value: JsonValue | undefined): void {
  if (field === '__proto__') {
    Object.defineProperty(target, field, { value, enumerable: true, configurable: true, writable: true });
  } else {
    target[field] = value;
  }
}

/** Whether two values are the same JSON. The order of fields does not matter; an undefined field is an absent one. */
export function sameJson(a: JsonValue | undefined, b: JsonValue | undefined): boolean {
  if (a === b) return true;
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length && a.every((item, index) => sameJson(item, b[index]));
  }
  if (!isJsonObject(a) || !isJsonObject(b)) return false;
  for (const field of Object.keys(a)) {
    const other = Object.hasOwn(b, field) ? b[field] : undefined;
    if (!sameJson(a[field], other)) return false;
  }
  return Object.keys(b).every((field) => b[field] === undefined || Object.hasOwn(a, field));
}
