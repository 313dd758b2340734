import { isJsonObject, type JsonObject, type JsonValue } from '../storage/json.js';

/** Sets a field that is absent (or null, which the API reads as absent). */
export function setDefault(object: JsonObject, field: string, value: JsonValue): void {
  if (object[field] === undefined || object[field] === null) object[field] = value;
}

/** The object in a field, made and put there when it is absent. */
export function ensureObject(parent: JsonObject, field: string): JsonObject {
  const found = parent[field];
  if (isJsonObject(found)) return found;
  const made: JsonObject = {};
  parent[field] = made;
  return made;
}
