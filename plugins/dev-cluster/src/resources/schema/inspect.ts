import { isJsonObject, type JsonObject, type JsonValue } from '../../storage/json.js';
import { COMPONENT, type FieldSchema } from './field-schema.js';
import { OBJECT_META } from './meta.js';

/** What a body has that its kind does not. */
export interface Inspection {
  /** Paths of unknown fields: `spec.replica`, `spec.containers[0].imag`. They were removed. */
  readonly unknown: readonly string[];
  /** The first value of a wrong type, in the words of the API server's decoder. */
  readonly mismatch?: string;
}

interface Walk {
  readonly unknown: string[];
  /** Whether types are checked: custom resources are checked later, by their own schema. */
  readonly checksTypes: boolean;
  readonly mismatches: string[];
}

/** More paths than this are not reported; the fields are dropped all the same. */
const MAX_REPORTED = 100;

/** Removes unknown fields, in place, and reports them; with `checksTypes` also the first value of a wrong type. */
export function inspectFields(schema: FieldSchema, object: JsonObject, checksTypes: boolean): Inspection {
  const walk: Walk = { unknown: [], mismatches: [], checksTypes };
  inspectObject(schema, object, '', walk, '');
  const [mismatch] = walk.mismatches;
  return {
    unknown: walk.unknown.slice(0, MAX_REPORTED),
    ...(mismatch === undefined ? {} : { mismatch }),
  };
}

function inspectValue(schema: FieldSchema, value: JsonValue, path: string, walk: Walk, owner: string): void {
  if (value === null) return;
  if (Array.isArray(value)) {
    if (walk.checksTypes && schema.type !== 'array' && !isOpen(schema))
      note(walk, 'array', path, schema, owner);
    const { items } = schema;
    if (items === undefined) return;
    value.forEach((item, index) => {
      inspectValue(items, item, `${path}[${index}]`, walk, owner);
    });
    return;
  }
  if (isJsonObject(value)) {
    if (walk.checksTypes && schema.type !== 'object' && !isOpen(schema))
      note(walk, 'object', path, schema, owner);
    else inspectObject(schema, value, path, walk, owner);
    return;
  }
  if (walk.checksTypes && !accepts(schema, value)) note(walk, describe(value), path, schema, owner);
}

function inspectObject(
  schema: FieldSchema,
  object: JsonObject,
  path: string,
  walk: Walk,
  owner: string,
): void {
  const { properties, additionalProperties } = schema;
  const owned = schema[COMPONENT]?.split('.').at(-1) ?? owner;
  for (const field of Object.keys(object)) {
    const value = object[field];
    if (value === undefined) continue;
    const at = path === '' ? field : `${path}.${field}`;
    if (isTypeOrMetadata(schema, path, field)) {
      if (field === 'metadata') inspectValue(OBJECT_META, value, at, { ...walk, checksTypes: true }, owned);
      continue;
    }
    const own = properties !== undefined && Object.hasOwn(properties, field) ? properties[field] : undefined;
    if (own !== undefined) inspectValue(own, value, at, walk, owned);
    else if (typeof additionalProperties === 'object')
      inspectValue(additionalProperties, value, at, walk, owned);
    else if (additionalProperties !== true && !isOpen(schema)) {
      delete object[field];
      walk.unknown.push(at);
    }
  }
}

/** Every object of the API, also one inside another, has these fields, whatever its schema says of them. */
function isTypeOrMetadata(schema: FieldSchema, path: string, field: string): boolean {
  if (path !== '' && schema['x-kubernetes-embedded-resource'] !== true) return false;
  return field === 'apiVersion' || field === 'kind' || field === 'metadata';
}

function isOpen(schema: FieldSchema): boolean {
  return (
    schema['x-kubernetes-preserve-unknown-fields'] === true ||
    (schema.type === undefined && schema['x-kubernetes-int-or-string'] !== true)
  );
}

function accepts(schema: FieldSchema, value: JsonValue): boolean {
  if (schema['x-kubernetes-int-or-string'] === true)
    return typeof value === 'string' || typeof value === 'number';
  switch (schema.type) {
    case 'string':
      return typeof value === 'string';
    case 'boolean':
      return typeof value === 'boolean';
    case 'integer':
      return typeof value === 'number' && Number.isInteger(value);
    case 'number':
      return typeof value === 'number';
    default:
      return isOpen(schema);
  }
}

function describe(value: JsonValue): string {
  if (typeof value === 'boolean') return 'bool';
  return typeof value === 'number' ? `number${Number.isInteger(value) ? '' : ` ${value}`}` : typeof value;
}

function note(walk: Walk, found: string, path: string, schema: FieldSchema, owner: string): void {
  walk.mismatches.push(
    `cannot unmarshal ${found} into Go struct field ${owner}.${path.replace(/\[\d+\]/g, '')} of type ${goType(schema)}`,
  );
}

function goType(schema: FieldSchema): string {
  if (schema['x-kubernetes-int-or-string'] === true) return 'intstr.IntOrString';
  if (schema.type === 'array')
    return `[]${schema.items === undefined ? 'interface {}' : goType(schema.items)}`;
  if (typeof schema.additionalProperties === 'object')
    return `map[string]${goType(schema.additionalProperties)}`;
  const name = schema[COMPONENT]?.split('.');
  if (name !== undefined) return name.slice(-2).join('.');
  if (schema.format === 'int32' || schema.format === 'int64') return schema.format;
  if (schema.format === 'date-time') return 'v1.Time';
  return schema.type === 'boolean' ? 'bool' : (schema.type ?? 'interface {}');
}
