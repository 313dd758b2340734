import type { Json } from '@rynxs/log';

/**
 * The part of a Kubernetes structural schema (OpenAPI v3) that Rynxs's own resources use. The same object is put into
 * the CustomResourceDefinition, for the API server, and is interpreted by `checkSchema`, for the reconciler.
 */
export interface StructuralSchema {
  readonly type?: 'object' | 'array' | 'string' | 'integer' | 'boolean';
  readonly description?: string;
  readonly properties?: Readonly<Record<string, StructuralSchema>>;
  readonly required?: readonly string[];
  readonly items?: StructuralSchema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minLength?: number;
  /** In Unicode code points. */
  readonly maxLength?: number;
  /** In the syntax that Go's RE2 and JavaScript share. */
  readonly pattern?: string;
  readonly enum?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly format?: string;
  readonly default?: Json;
  readonly 'x-kubernetes-int-or-string'?: true;
  readonly anyOf?: readonly { readonly type: 'integer' | 'string' }[];
  readonly 'x-kubernetes-list-type'?: 'atomic' | 'set' | 'map';
  readonly 'x-kubernetes-list-map-keys'?: readonly string[];
  readonly 'x-kubernetes-validations'?: readonly { readonly rule: string; readonly message: string }[];
}

/** A rule that is broken: where, and what to do. Never quotes a value, because it is recorded. */
export interface Problem {
  /** `spec.env[2].name`. */
  readonly field: string;
  /** Reads after the field: "must be a string". */
  readonly detail: string;
}

/** Words for the patterns of a schema, because a regular expression is no remedy. */
export type PatternWords = Readonly<Record<string, string>>;

/**
 * What of `value` the schema has a place for. Where something else stands (an unknown field, a number for a string,
 * text that is not Unicode), only the place is kept, with null in it, which `checkSchema` finds.
 */
export function project(schema: StructuralSchema, value: unknown): Json {
  if (schema['x-kubernetes-int-or-string'] === true) {
    return typeof value === 'number' && Number.isSafeInteger(value) ? value : text(value);
  }
  switch (schema.type) {
    case 'object': {
      if (!isRecord(value)) return null;
      const projected: Record<string, Json> = {};
      for (const [name, field] of Object.entries(value)) {
        if (field === undefined || !name.isWellFormed()) continue;
        const known = own(schema.properties, name);
        projected[name] = known === undefined ? null : project(known, field);
      }
      return projected;
    }
    case 'array': {
      const { items } = schema;
      return Array.isArray(value) && items !== undefined ? value.map((item) => project(items, item)) : null;
    }
    case 'integer':
      return typeof value === 'number' && Number.isSafeInteger(value) ? value : null;
    case 'boolean':
      return typeof value === 'boolean' ? value : null;
    default:
      return text(value);
  }
}

/** `value` with the schema's defaults where it says nothing, as the API server fills them in. */
export function withDefaults(schema: StructuralSchema, value: Json): Json {
  if (typeof value !== 'object' || value === null || !hasDefaults(schema)) return value;
  if (isRecord(value)) {
    const filled: Record<string, Json> = { ...value };
    for (const [name, field] of fieldsOf(schema)) {
      // Null stands for something that the schema has no place for: no default may hide that.
      const given = Object.hasOwn(filled, name) ? filled[name] : field.default;
      if (given !== undefined) filled[name] = withDefaults(field, given);
    }
    return filled;
  }
  const { items } = schema;
  return Array.isArray(value) && items !== undefined ? value.map((item) => withDefaults(items, item)) : value;
}

// Schemas are few and never change, while every spec of a whole log is checked against them.
const fields = new WeakMap<StructuralSchema, readonly (readonly [string, StructuralSchema])[]>();
const defaulting = new WeakMap<StructuralSchema, boolean>();

function fieldsOf(schema: StructuralSchema): readonly (readonly [string, StructuralSchema])[] {
  const known = fields.get(schema);
  if (known !== undefined) return known;
  const entries = Object.entries(schema.properties ?? {});
  fields.set(schema, entries);
  return entries;
}

/** Whether anything below the schema has a default. */
function hasDefaults(schema: StructuralSchema): boolean {
  const known = defaulting.get(schema);
  if (known !== undefined) return known;
  const below = [...fieldsOf(schema).map(([, field]) => field), ...(schema.items ? [schema.items] : [])];
  const has = below.some((field) => field.default !== undefined || hasDefaults(field));
  defaulting.set(schema, has);
  return has;
}

/** The rules of the schema that `value` breaks, in the order of the schema. CEL rules are not interpreted. */
export function checkSchema(
  schema: StructuralSchema,
  value: Json,
  field: string,
  words: PatternWords,
): readonly Problem[] {
  const problems: Problem[] = [];
  check(schema, value, field, words, problems);
  return problems;
}

function check(
  schema: StructuralSchema,
  value: Json,
  field: string,
  words: PatternWords,
  problems: Problem[],
): void {
  if (
    typeof value === 'string' &&
    (schema.type === 'string' || schema['x-kubernetes-int-or-string'] === true)
  ) {
    checkText(schema, value, field, words, problems);
  } else if (typeof value === 'number' && schema['x-kubernetes-int-or-string'] === true) {
    checkText(schema, String(value), field, words, problems);
  } else if (typeof value === 'number' && schema.type === 'integer') {
    const { minimum = Number.MIN_SAFE_INTEGER, maximum = Number.MAX_SAFE_INTEGER } = schema;
    if (value < minimum || value > maximum)
      problems.push({ field, detail: `must be ${minimum} to ${maximum}` });
  } else if (Array.isArray(value) && schema.type === 'array') {
    checkList(schema, value, field, words, problems);
  } else if (isRecord(value) && schema.type === 'object') {
    checkFields(schema, value, field, words, problems);
  } else if (typeof value !== 'boolean' || schema.type !== 'boolean') {
    problems.push({ field, detail: `must be ${typeName(schema)}` });
  }
}

function checkText(
  schema: StructuralSchema,
  value: string,
  field: string,
  words: PatternWords,
  problems: Problem[],
): void {
  const { minLength = 0, maxLength = Number.MAX_SAFE_INTEGER, pattern } = schema;
  const report = (detail: string) => problems.push({ field, detail });
  // A text has at most as many code points as code units, and at least half as many.
  const length =
    value.length <= maxLength && value.length >= 2 * minLength ? value.length : [...value].length;
  if (length < minLength)
    report(minLength === 1 ? 'must not be empty' : `must have at least ${minLength} characters`);
  else if (length > maxLength) report(`must have at most ${maxLength} characters`);
  else if (schema.enum !== undefined && !schema.enum.includes(value))
    report(`must be one of ${schema.enum.join(', ')}`);
  else if (pattern !== undefined && !compiled(pattern).test(value))
    report(`must be ${words[pattern] ?? `text that matches ${pattern}`}`);
}

function checkList(
  schema: StructuralSchema,
  list: readonly Json[],
  field: string,
  words: PatternWords,
  problems: Problem[],
): void {
  const { items, minItems = 0, maxItems = Number.MAX_SAFE_INTEGER } = schema;
  if (list.length < minItems) {
    const detail =
      minItems === 1 ? 'must not be empty; leave it out instead' : `must have at least ${minItems} entries`;
    problems.push({ field, detail });
  }
  if (list.length > maxItems) problems.push({ field, detail: `must have at most ${maxItems} entries` });
  if (items === undefined) return;
  const keys = schema['x-kubernetes-list-map-keys'];
  const isSet = schema['x-kubernetes-list-type'] === 'set';
  const seen = new Set<string>();
  for (const [index, item] of list.slice(0, maxItems).entries()) {
    check(items, item, `${field}[${index}]`, words, problems);
    if (keys === undefined && !isSet) continue;
    const identity = JSON.stringify(
      keys === undefined || !isRecord(item) ? item : keys.map((key) => item[key]),
    );
    if (seen.has(identity))
      problems.push({
        field: `${field}[${index}]`,
        detail: `repeats an earlier entry${keys === undefined ? '' : ` of the same ${keys.join(' and ')}`}`,
      });
    seen.add(identity);
  }
}

function checkFields(
  schema: StructuralSchema,
  value: { readonly [name: string]: Json },
  field: string,
  words: PatternWords,
  problems: Problem[],
): void {
  const { properties = {}, required = [] } = schema;
  for (const name of required) {
    if (own(value, name) === undefined) problems.push({ field: `${field}.${name}`, detail: 'is required' });
  }
  for (const [name, child] of Object.entries(value)) {
    const known = own(properties, name);
    if (known === undefined)
      problems.push({
        field: `${field}.${shown(name)}`,
        detail: 'is not a field that this version knows; remove it',
      });
    else check(known, child, `${field}.${name}`, words, problems);
  }
}

const MAX_SHOWN_NAME = 64;

function shown(name: string): string {
  const characters = [...name];
  return characters.length <= MAX_SHOWN_NAME ? name : `${characters.slice(0, MAX_SHOWN_NAME).join('')}…`;
}

function typeName(schema: StructuralSchema): string {
  if (schema['x-kubernetes-int-or-string'] === true) return 'a string or a whole number';
  switch (schema.type) {
    case 'object':
      return 'a map of fields';
    case 'array':
      return 'a list';
    case 'integer':
      return 'a whole number';
    case 'boolean':
      return 'true or false';
    default:
      return 'a string';
  }
}

const patterns = new Map<string, RegExp>();

/** A schema has few patterns, and all objects are checked against the same ones. */
function compiled(pattern: string): RegExp {
  const known = patterns.get(pattern);
  if (known !== undefined) return known;
  const expression = new RegExp(pattern, 'u');
  patterns.set(pattern, expression);
  return expression;
}

function text(value: unknown): string | null {
  return typeof value === 'string' && value.isWellFormed() ? value : null;
}

function own<T>(map: Readonly<Record<string, T>> | undefined, name: string): T | undefined {
  return map !== undefined && Object.hasOwn(map, name) ? map[name] : undefined;
}

function isRecord(value: unknown): value is { readonly [name: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
