import { isJsonObject, type JsonObject, type JsonValue } from '../../storage/json.js';
import { canonicalQuantity, QUANTITY_HELP } from '../quantity.js';
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
    if (isTypeOrMetadata(schema, path, field) && field !== 'metadata') continue;
    const at = path === '' ? field : `${path}.${field}`;
    if (isTypeOrMetadata(schema, path, field)) {
      if (field === 'metadata') inspectValue(OBJECT_META, value, at, { ...walk, checksTypes: true }, owned);
      continue;
    }
    const own = properties !== undefined && Object.hasOwn(properties, field) ? properties[field] : undefined;
    const known = own ?? (typeof additionalProperties === 'object' ? additionalProperties : undefined);
    if (known !== undefined) inspectField(known, object, field, value, { walk, at, owner: owned });
    else if (additionalProperties !== true && !isOpen(schema)) {
      delete object[field];
      walk.unknown.push(at);
    }
  }
}

interface FieldPlace {
  readonly walk: Walk;
  readonly at: string;
  readonly owner: string;
}

/** Puts a field into the form in which the API server keeps it, where its kind is built in, and inspects it. */
function inspectField(
  schema: FieldSchema,
  object: JsonObject,
  field: string,
  value: JsonValue,
  { walk, at, owner }: FieldPlace,
): void {
  if (walk.checksTypes && isNothing(schema, value)) {
    delete object[field];
    return;
  }
  if (walk.checksTypes && isQuantity(schema) && (typeof value === 'string' || typeof value === 'number')) {
    const canonical = canonicalQuantity(value);
    if (canonical === undefined) walk.mismatches.push(QUANTITY_HELP);
    else object[field] = canonical;
    return;
  }
  inspectValue(schema, value, at, walk, owner);
}

/** What Go leaves away: null, empty lists and empty maps; structures stay, empty or not. */
function isNothing(schema: FieldSchema, value: JsonValue): boolean {
  if (value === null) return schema.nullable !== true;
  if (Array.isArray(value)) return value.length === 0 && schema.type === 'array';
  const isMap = typeof schema.additionalProperties === 'object';
  return isMap && isJsonObject(value) && Object.keys(value).length === 0;
}

function isQuantity(schema: FieldSchema): boolean {
  return schema['x-kubernetes-int-or-string'] === true && schema.format === undefined;
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
    `json: cannot unmarshal ${found} into Go struct field ${owner}.${path.replace(/\[\d+\]/g, '')} of type ${goType(schema)}`,
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
