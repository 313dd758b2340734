import { cloneJson, isJsonObject, type JsonObject, type JsonValue, setField } from '../../storage/json.js';

/** Applies a JSON merge patch (RFC 7386): fields replace fields, null removes, lists are replaced whole. */
export function applyMergePatch(target: JsonValue, patch: JsonValue): JsonValue {
  if (!isJsonObject(patch)) return cloneJson(patch);
  const result: JsonObject = isJsonObject(target) ? { ...target } : {};
  for (const field of Object.keys(patch)) {
    const value = patch[field];
    if (value === undefined) continue;
    if (value === null) delete result[field];
    else
      setField(
        result,
        field,
        applyMergePatch((Object.hasOwn(result, field) ? result[field] : null) ?? null, value),
      );
  }
  return result;
}
