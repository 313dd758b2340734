import { isJsonObject, type JsonObject, type JsonValue, sameJson, setField } from '../../storage/json.js';
import type { FieldSchema } from '../schema/field-schema.js';
import { fieldSchema } from './defaulting.js';

/**
 * The element of `old` that `item` was before: lists that are maps are correlated by their keys, others not at all.
 * (As the API server does it: k8s.io/apiserver, pkg/cel/common.)
 */
export function correlatedItem(schema: FieldSchema, item: JsonValue, old: JsonValue): JsonValue | undefined {
  if (schema['x-kubernetes-list-type'] !== 'map' || !isJsonObject(item) || !Array.isArray(old))
    return undefined;
  const identity = mapListKey(schema, item);
  return old.find((each) => isJsonObject(each) && mapListKey(schema, each) === identity);
}

/** What tells the elements of a list that is a map apart; equal for equal keys. */
export function mapListKey(schema: FieldSchema, item: JsonObject): string {
  return JSON.stringify(mapListIdentity(schema, item));
}

/** The keys of an element of a list that is a map, with their defaults. */
export function mapListIdentity(schema: FieldSchema, item: JsonObject): JsonObject {
  const keys = schema['x-kubernetes-list-map-keys'] ?? [];
  return Object.fromEntries(
    keys.map((key) => [key, item[key] ?? schema.items?.properties?.[key]?.default ?? null]),
  );
}

/**
 * Whether an update has left alone the value at a path, or something that contains it: what was wrong there before is
 * no reason to refuse the update ("ratcheting", on in Kubernetes since 1.30).
 */
export function isUnchanged(
  schema: FieldSchema,
  value: JsonValue,
  old: JsonValue,
  path: readonly string[],
): boolean {
  if (sameJson(value, old)) return true;
  const [token, ...rest] = path;
  if (token === undefined) return false;
  const [inner, child, before] = Array.isArray(value)
    ? itemAt(schema, value, old, Number(token))
    : fieldAt(schema, value, old, token);
  if (inner === undefined || child === undefined || before === undefined) return false;
  return isUnchanged(inner, child, before, rest);
}

type Step = readonly [
  schema: FieldSchema | undefined,
  value: JsonValue | undefined,
  old: JsonValue | undefined,
];

function itemAt(schema: FieldSchema, value: readonly JsonValue[], old: JsonValue, index: number): Step {
  const item = value[index];
  return [schema.items, item, item === undefined ? undefined : correlatedItem(schema, item, old)];
}

function fieldAt(schema: FieldSchema, value: JsonValue, old: JsonValue, field: string): Step {
  const own = (object: JsonValue) =>
    isJsonObject(object) && Object.hasOwn(object, field) ? object[field] : undefined;
  return [fieldSchema(schema, field), own(value), own(old)];
}

/**
 * The old value with lists that are sets or maps in the order of the new one, so that they are equal when they hold the
 * same: the order of such lists means nothing.
 */
export function alignedOld(schema: FieldSchema, value: JsonValue, old: JsonValue): JsonValue {
  if (Array.isArray(value) && Array.isArray(old)) {
    const type = schema['x-kubernetes-list-type'];
    if (type === 'set') return reordered(value, old, (item) => JSON.stringify(item));
    if (type !== 'map') return old;
    const { items } = schema;
    const keyed = reordered(value, old, (item) => (isJsonObject(item) ? mapListKey(schema, item) : ''));
    if (items === undefined) return keyed;
    return keyed.map((item) => {
      const now = correlatedItem(schema, item, value);
      return now === undefined ? item : alignedOld(items, now, item);
    });
  }
  if (!isJsonObject(value) || !isJsonObject(old)) return old;
  const aligned: JsonObject = {};
  for (const [field, before] of Object.entries(old)) {
    const own = fieldSchema(schema, field);
    const now = Object.hasOwn(value, field) ? value[field] : undefined;
    const isComparable = own !== undefined && now !== undefined && before !== undefined;
    setField(aligned, field, isComparable ? alignedOld(own, now, before) : before);
  }
  return aligned;
}

/** `old` with what `now` has too first, in its order. */
function reordered(
  now: readonly JsonValue[],
  old: readonly JsonValue[],
  identityOf: (item: JsonValue) => string,
): JsonValue[] {
  const ranks = new Map(now.map((item, index) => [identityOf(item), index]));
  const rankOf = (item: JsonValue) => ranks.get(identityOf(item)) ?? now.length;
  return [...old].sort((a, b) => rankOf(a) - rankOf(b));
}
