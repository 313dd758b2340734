import { cloneJson, isJsonObject, type JsonValue } from '../../storage/json.js';
import type { FieldSchema } from '../schema/field-schema.js';

/** Fills in the defaults of a structural schema, in place, from the outside in. */
export function applySchemaDefaults(schema: FieldSchema, value: JsonValue): void {
  if (Array.isArray(value)) {
    const { items } = schema;
    if (items !== undefined) for (const item of value) applySchemaDefaults(items, item);
    return;
  }
  if (!isJsonObject(value)) return;
  for (const [field, own] of Object.entries(schema.properties ?? {})) {
    const current = Object.hasOwn(value, field) ? value[field] : undefined;
    const missing = current === undefined || (current === null && own.nullable !== true);
    if (missing && own.default !== undefined) value[field] = cloneJson(own.default);
  }
  for (const field of Object.keys(value)) {
    const child = value[field];
    const own = fieldSchema(schema, field);
    // Null where it may not stand, and where there is no default for it, is nothing.
    if (child === null && own !== undefined && own.nullable !== true) delete value[field];
    if (child !== undefined && own !== undefined) applySchemaDefaults(own, child);
  }
}

/** The schema of a field of an object. */
export function fieldSchema(schema: FieldSchema, field: string): FieldSchema | undefined {
  const { properties, additionalProperties } = schema;
  if (properties !== undefined && Object.hasOwn(properties, field)) return properties[field];
  return typeof additionalProperties === 'object' ? additionalProperties : undefined;
}
