import { isIP } from 'node:net';
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import ajvFormats from 'ajv-formats';
import { isJsonObject, type JsonObject, type JsonValue } from '../../storage/json.js';
import { invalidValue } from '../../storage/metadata-rules.js';
import type { StatusCause } from '../../storage/status-error.js';
import { duplicateValue } from '../pod-rules.js';
import type { FieldSchema } from '../schema/field-schema.js';
import { compileCel } from './cel/cel-validator.js';
import { isUnchanged, mapListIdentity } from './correlation.js';
import { fieldSchema } from './defaulting.js';
import { causeOf, tokensOf } from './schema-causes.js';

/** Judges objects by a structural schema and its CEL rules. */
export interface SchemaValidator {
  /**
   * Everything in an object that its schema does not allow; in an update only what the update has changed, and rules on
   * the change itself.
   */
  causes(object: JsonObject, previous: JsonObject | undefined): readonly StatusCause[];
  /** As `causes`, for an update of the status: of the schema, only what it says of that is checked. */
  statusCauses(object: JsonObject, previous: JsonObject): readonly StatusCause[];
  /** CEL rules that make no sense, with the place of each in the schema. */
  readonly ruleDefects: readonly StatusCause[];
}

const GO_DURATION = /^-?(?:\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h))+$|^0$/;

/**
 * Compiles the schema of a custom resource. Messages are those of the API server's own validation. Throws when the schema
 * itself makes no sense (a broken pattern, say).
 */
export function compileValidator(schema: FieldSchema): SchemaValidator {
  const text = JSON.stringify(schema);
  let validator = compiled.get(text);
  if (validator === undefined) {
    validator = compile(schema);
    const [oldest] = compiled.keys();
    if (compiled.size >= MAX_COMPILED && oldest !== undefined) compiled.delete(oldest);
    compiled.set(text, validator);
  }
  return validator;
}

/** A definition is checked, and registered anew with every change of its status: compiling takes milliseconds. */
const compiled = new Map<string, SchemaValidator>();
const MAX_COMPILED = 32;

function compile(schema: FieldSchema): SchemaValidator {
  const ajv = new Ajv({
    allErrors: true,
    verbose: true,
    strict: false,
    // The patterns of Kubernetes escape more than Unicode patterns allow.
    unicodeRegExp: false,
    logger: false,
  });
  ajvFormats.default(ajv, ['date-time', 'date', 'email', 'hostname', 'ipv4', 'ipv6', 'uri', 'uuid', 'byte']);
  ajv.addFormat('duration', GO_DURATION);
  ajv.addFormat('cidr', isCidr);
  ajv.addFormat('int32', { type: 'number', validate: (value) => Math.abs(value) <= 2 ** 31 });
  const validate = ajv.compile(toJsonSchema(schema));
  const cel = compileCel(schema);
  const causesIn = (part: '' | 'status', object: JsonObject, previous: JsonObject | undefined) => {
    const causes = schemaCauses(validate, { schema, object, previous, part });
    if (previous === undefined || listCauses(schema, previous, '').length === 0) {
      causes.push(...listCauses(schema, object, ''));
    }
    if (!cel.hasRules) return causes;
    if (causes.some((cause) => KEEPS_RULES_FROM_RUNNING.has(cause.reason))) {
      return [...causes, RULES_NOT_CHECKED];
    }
    return [...causes, ...cel.causes(object, previous)];
  };
  return {
    ruleDefects: cel.defects,
    causes: (object, previous) => causesIn('', object, previous),
    statusCauses: (object, previous) => causesIn('status', object, previous),
  };
}

/** Rules are written for objects that have the form of their schema (k8s.io/apiextensions-apiserver, hasBlockingErr). */
const KEEPS_RULES_FROM_RUNNING = new Set([
  'FieldValueNotSupported',
  'FieldValueRequired',
  'FieldValueTooLong',
  'FieldValueTooMany',
  'FieldValueTypeInvalid',
]);
const RULES_NOT_CHECKED = invalidValue(
  '<nil>',
  null,
  'some validation rules were not checked because the object was invalid; correct the existing errors to complete validation',
);

function isCidr(text: string): boolean {
  const [address, bits, ...rest] = text.split('/');
  const family = isIP(address ?? '');
  return (
    family !== 0 && rest.length === 0 && /^\d+$/.test(bits ?? '') && Number(bits) <= (family === 4 ? 32 : 128)
  );
}

/** OpenAPI 3.0 as Kubernetes uses it, as JSON Schema. */
function toJsonSchema(schema: FieldSchema): JsonObject {
  const result: JsonObject = {};
  for (const [keyword, value] of Object.entries(schema) as [string, JsonValue][]) {
    if (
      keyword.startsWith('x-') ||
      ['default', 'description', 'example', 'title', 'externalDocs'].includes(keyword)
    ) {
      continue;
    }
    result[keyword] = convertKeyword(keyword, value);
  }
  for (const bound of ['Minimum', 'Maximum'] as const) {
    const flag = result[`exclusive${bound}`];
    if (typeof flag !== 'boolean') continue;
    delete result[`exclusive${bound}`];
    const limit = result[bound.toLowerCase()];
    if (!flag || limit === undefined) continue;
    delete result[bound.toLowerCase()];
    result[`exclusive${bound}`] = limit;
  }
  if (schema['x-kubernetes-int-or-string'] === true) {
    // Kubernetes allows the same as an explicit anyOf; one type list gives one error.
    delete result.anyOf;
    result.type = ['integer', 'string'];
  }
  if (result.nullable === true && result.type === undefined) delete result.nullable;
  if (Array.isArray(result.enum) && result.nullable === true && !result.enum.includes(null)) {
    result.enum = [...result.enum, null];
  }
  return result;
}

function convertKeyword(keyword: string, value: JsonValue): JsonValue {
  const convert = (each: JsonValue): JsonValue =>
    isJsonObject(each) ? toJsonSchema(each as unknown as FieldSchema) : each;
  if (keyword === 'properties' && isJsonObject(value)) {
    return Object.fromEntries(Object.entries(value).map(([field, each]) => [field, convert(each ?? null)]));
  }
  if (['items', 'additionalProperties', 'not'].includes(keyword)) return convert(value);
  if (['allOf', 'anyOf', 'oneOf'].includes(keyword) && Array.isArray(value)) return value.map(convert);
  return value;
}

interface Subject {
  readonly schema: FieldSchema;
  readonly object: JsonObject;
  readonly previous: JsonObject | undefined;
  /** The field that is judged, as if it were all; empty for the whole object. */
  readonly part: '' | 'status';
}

function schemaCauses(
  validate: ValidateFunction,
  { schema, object, previous, part }: Subject,
): StatusCause[] {
  if (validate(object) === true) return [];
  const errors = validate.errors ?? [];
  const isOld = ({ instancePath }: ErrorObject) =>
    previous !== undefined && isUnchanged(schema, object, previous, tokensOf(instancePath));
  const isInPart = ({ instancePath }: ErrorObject) =>
    part === '' || `${instancePath}/`.startsWith(`/${part}/`);
  return errors
    .filter((error) => isInPart(error) && !isInsideAlternative(error) && !isOld(error))
    .filter(isFirstOfString)
    .map((error) => causeOf(error, object, part));
}

/** Of a string, the first rule that is broken is told, and no more. */
const STRING_RULES = ['maxLength', 'minLength', 'pattern'];

function isFirstOfString(error: ErrorObject, _: number, errors: readonly ErrorObject[]): boolean {
  const rank = STRING_RULES.indexOf(error.keyword);
  return !errors.some(
    (other) =>
      other.instancePath === error.instancePath &&
      STRING_RULES.includes(other.keyword) &&
      STRING_RULES.indexOf(other.keyword) < rank,
  );
}

/** What a branch of anyOf, oneOf or not says is no error by itself. */
function isInsideAlternative(error: ErrorObject): boolean {
  return /\/(?:anyOf|oneOf)\/\d+\/|\/not\//.test(error.schemaPath);
}

/** Lists that are sets, or maps by keys of their elements, hold nothing twice. */
function listCauses(schema: FieldSchema, value: JsonValue, path: string): StatusCause[] {
  if (isJsonObject(value)) {
    return Object.keys(value).flatMap((field) => {
      const own = fieldSchema(schema, field);
      const child = value[field];
      if (own === undefined || child === undefined) return [];
      return listCauses(own, child, path === '' ? field : `${path}.${field}`);
    });
  }
  const { items } = schema;
  if (!Array.isArray(value) || items === undefined) return [];
  const causes = value.flatMap((item, index) => listCauses(items, item, `${path}[${index}]`));
  const type = schema['x-kubernetes-list-type'];
  if (type !== 'set' && type !== 'map') return causes;
  const seen = new Set<string>();
  value.forEach((item, index) => {
    const identity = type === 'map' && isJsonObject(item) ? mapListIdentity(schema, item) : item;
    const text = JSON.stringify(identity);
    if (seen.has(text)) causes.push(duplicateValue(`${path}[${index}]`, identity));
    seen.add(text);
  });
  return causes;
}
