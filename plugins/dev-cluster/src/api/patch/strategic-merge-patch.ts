import type { FieldSchema } from '../../resources/schema/field-schema.js';
import {
  cloneJson,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  sameJson,
  setField,
} from '../../storage/json.js';
import { badRequest, StatusError } from '../../storage/status-error.js';

const PATCH = '$patch';
const RETAIN_KEYS = '$retainKeys';
const DELETE_FROM = '$deleteFromPrimitiveList/';
const ELEMENT_ORDER = '$setElementOrder/';

/**
 * Applies a strategic merge patch: as a merge patch, but lists whose schema says so are merged by the key of their
 * elements, and directives ($patch, $retainKeys, $deleteFromPrimitiveList, $setElementOrder) say what fields cannot.
 * `object` is not changed. Throws 400 for directives that make no sense.
 */
export function applyStrategicMergePatch(
  object: JsonObject,
  patch: JsonObject,
  schema: FieldSchema | undefined,
): JsonObject {
  return mergeObject(object, patch, schema) ?? {};
}

/** Undefined when the patch deletes the object. */
function mergeObject(
  original: JsonObject,
  patch: JsonObject,
  schema: FieldSchema | undefined,
): JsonObject | undefined {
  const directive = patch[PATCH];
  if (directive === 'replace') return withoutDirectives({ ...patch, [PATCH]: undefined });
  if (directive === 'delete') return undefined;
  if (directive !== undefined && directive !== 'merge') throw unknownDirective(patch);

  const result: JsonObject = retained(original, patch);
  for (const [key, list] of directives(patch, DELETE_FROM)) {
    const current = result[key];
    if (Array.isArray(current)) {
      result[key] = current.filter((item) => !list.some((removed) => sameJson(item, removed)));
    }
  }
  for (const field of Object.keys(patch)) {
    const value = patch[field];
    if (value === undefined || isDirective(field)) continue;
    if (value === null) {
      delete result[field];
      continue;
    }
    const current = Object.hasOwn(result, field) ? result[field] : undefined;
    const merged = mergeValue(current, value, fieldSchema(schema, field));
    if (merged === undefined) delete result[field];
    else setField(result, field, merged);
  }
  for (const [key, order] of directives(patch, ELEMENT_ORDER)) {
    const current = result[key];
    if (!Array.isArray(current)) continue;
    const before = original[key];
    const mergeKey = fieldSchema(schema, key)?.['x-kubernetes-patch-merge-key'];
    result[key] = inOrder(current, order, Array.isArray(before) ? before : [], mergeKey);
  }
  return result;
}

/** In the words of the API server, which takes it for its own fault. */
function unknownDirective(patch: JsonObject): StatusError {
  const fields = Object.keys(patch).sort();
  const map = fields.map((field) => `${field}:${String(patch[field])}`).join(' ');
  return new StatusError(500, '', `unknown patch type: ${String(patch[PATCH])} in map: map[${map}]`);
}

function mergeValue(
  current: JsonValue | undefined,
  value: JsonValue,
  schema: FieldSchema | undefined,
): JsonValue | undefined {
  if (isJsonObject(value)) {
    const replaces = strategies(schema).includes('replace');
    if (!isJsonObject(current) || replaces) {
      return value[PATCH] === 'delete' ? undefined : mergeObject({}, value, schema);
    }
    return mergeObject(current, value, schema);
  }
  if (!Array.isArray(value)) return value;
  if (!strategies(schema).includes('merge')) return value.map(withoutDirectivesIn);
  return mergeList(Array.isArray(current) ? current : [], value, schema);
}

function mergeList(
  current: readonly JsonValue[],
  patch: readonly JsonValue[],
  schema: FieldSchema | undefined,
): JsonValue[] {
  const mergeKey = schema?.['x-kubernetes-patch-merge-key'];
  if (mergeKey === undefined) {
    const added = patch.filter((item) => !current.some((each) => sameJson(each, item)));
    return [...current, ...added];
  }
  const replaces = patch.some((item) => isJsonObject(item) && item[PATCH] === 'replace');
  const result: JsonValue[] = replaces ? [] : [...current];
  for (const item of patch) {
    if (!isJsonObject(item)) throw badRequest(`a list that is merged by ${mergeKey} may hold objects only`);
    if (item[PATCH] === 'replace' && Object.keys(item).length === 1) continue;
    const key = item[mergeKey];
    if (key === undefined) {
      throw badRequest(`map: ${JSON.stringify(item)} does not contain declared merge key: ${mergeKey}`);
    }
    const index = result.findIndex((each) => isJsonObject(each) && sameJson(each[mergeKey], key));
    if (item[PATCH] === 'delete') {
      if (index >= 0) result.splice(index, 1);
      continue;
    }
    const existing = result[index];
    const merged = mergeObject(isJsonObject(existing) ? existing : {}, item, schema?.items);
    if (merged === undefined) continue;
    if (index >= 0) result[index] = merged;
    else result.push(merged);
  }
  return result;
}

/**
 * Sorts a merged list: elements that `order` names come in its order; those that only the server knows keep their place
 * relative to the elements that they stood before.
 */
function inOrder(
  merged: readonly JsonValue[],
  order: readonly JsonValue[],
  before: readonly JsonValue[],
  mergeKey: string | undefined,
): JsonValue[] {
  const identity = (item: JsonValue): string =>
    JSON.stringify((mergeKey === undefined ? item : isJsonObject(item) ? item[mergeKey] : item) ?? null);
  const wanted = new Map(order.map((item, index) => [identity(item), index]));
  const known = new Map(before.map((item, index) => [identity(item), index]));
  const rank = (item: JsonValue, ranks: ReadonlyMap<string, number>) => ranks.get(identity(item)) ?? -1;
  const named = merged
    .filter((item) => wanted.has(identity(item)))
    .sort((a, b) => rank(a, wanted) - rank(b, wanted));
  const serverOnly = merged
    .filter((item) => !wanted.has(identity(item)))
    .sort((a, b) => rank(a, known) - rank(b, known));
  const result: JsonValue[] = [];
  for (const item of named) {
    const place = rank(item, known);
    while (serverOnly[0] !== undefined && place >= 0 && rank(serverOnly[0], known) < place) {
      result.push(...serverOnly.splice(0, 1));
    }
    result.push(item);
  }
  return [...result, ...serverOnly];
}

function retained(original: JsonObject, patch: JsonObject): JsonObject {
  const keys = patch[RETAIN_KEYS];
  if (keys === undefined) return { ...original };
  if (!Array.isArray(keys)) throw badRequest('$retainKeys must be a list of field names');
  return Object.fromEntries(Object.entries(original).filter(([field]) => keys.includes(field)));
}

function* directives(patch: JsonObject, prefix: string): Generator<readonly [string, readonly JsonValue[]]> {
  for (const field of Object.keys(patch)) {
    if (!field.startsWith(prefix)) continue;
    const list = patch[field];
    if (!Array.isArray(list)) throw badRequest(`${field} must be a list`);
    yield [field.slice(prefix.length), list];
  }
}

function isDirective(field: string): boolean {
  return (
    field === PATCH ||
    field === RETAIN_KEYS ||
    field.startsWith(DELETE_FROM) ||
    field.startsWith(ELEMENT_ORDER)
  );
}

function withoutDirectives(object: JsonObject): JsonObject {
  const result: JsonObject = {};
  for (const field of Object.keys(object)) {
    const value = object[field];
    if (value === undefined || value === null || isDirective(field)) continue;
    setField(result, field, withoutDirectivesIn(value));
  }
  return result;
}

function withoutDirectivesIn(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(withoutDirectivesIn);
  return isJsonObject(value) ? withoutDirectives(value) : cloneJson(value);
}

function strategies(schema: FieldSchema | undefined): readonly string[] {
  return schema?.['x-kubernetes-patch-strategy']?.split(',') ?? [];
}

function fieldSchema(schema: FieldSchema | undefined, field: string): FieldSchema | undefined {
  const own = schema?.properties?.[field];
  if (own !== undefined) return own;
  return typeof schema?.additionalProperties === 'object' ? schema.additionalProperties : undefined;
}
