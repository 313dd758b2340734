import type { ErrorObject } from 'ajv';
import { isJsonObject, type JsonObject, type JsonValue } from '../../storage/json.js';
import { invalidValue, requiredValue, shown } from '../../storage/metadata-rules.js';
import type { StatusCause } from '../../storage/status-error.js';

/** The parts of a JSON pointer. */
export function tokensOf(pointer: string): string[] {
  return pointer
    .split('/')
    .slice(1)
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** What the API server says of an error; `part` is the field that is judged as if it were all. */
export function causeOf(error: ErrorObject, object: JsonObject, part: '' | 'status'): StatusCause {
  const whole = fieldPath(error.instancePath, object);
  const field = whole === '' ? '<nil>' : whole;
  const path = part === '' ? whole : whole.slice(part.length + 1);
  const value = error.data as JsonValue;
  const limit = (error.params as { limit?: number }).limit ?? 0;
  const inBody = (detail: string) => invalidValue(field, value, `${path} in body ${detail}`);
  switch (error.keyword) {
    case 'required': {
      const { missingProperty } = error.params as { missingProperty: string };
      return requiredValue(whole === '' ? missingProperty : `${whole}.${missingProperty}`);
    }
    case 'type': {
      const { type } = error.params as { type: string | readonly string[] };
      const found = typeName(value);
      const detail = `${path} in body must be of type ${[type].flat().join(',')}: ${shown(found)}`;
      return { ...invalidValue(field, found, detail), reason: 'FieldValueTypeInvalid' };
    }
    case 'enum': {
      const { allowedValues } = error.params as { allowedValues: readonly JsonValue[] };
      const supported = allowedValues.filter((each) => each !== null).map((each) => shown(each));
      return {
        reason: 'FieldValueNotSupported',
        message: `Unsupported value: ${shown(value)}: supported values: ${supported.join(', ')}`,
        field,
      };
    }
    case 'minimum':
      return inBody(`should be greater than or equal to ${limit}`);
    case 'maximum':
      return inBody(`should be less than or equal to ${limit}`);
    case 'exclusiveMinimum':
      return inBody(`should be greater than ${limit}`);
    case 'exclusiveMaximum':
      return inBody(`should be less than ${limit}`);
    case 'multipleOf':
      return inBody(`should be a multiple of ${(error.params as { multipleOf: number }).multipleOf}`);
    case 'pattern':
      return inBody(`should match '${(error.params as { pattern: string }).pattern}'`);
    case 'format':
      return inBody(`must be of type ${(error.params as { format: string }).format}: ${shown(value)}`);
    case 'minLength':
      return inBody(`should be at least ${limit} chars long`);
    case 'maxLength':
      return {
        reason: 'FieldValueTooLong',
        message: `Too long: may not be more than ${limit} byte${limit === 1 ? '' : 's'}`,
        field,
      };
    case 'minItems':
      return invalidValue(field, count(value), `${path} in body should have at least ${limit} items`);
    case 'minProperties':
      return invalidValue(field, count(value), `${path} in body should have at least ${limit} properties`);
    case 'maxItems':
    case 'maxProperties':
      return {
        reason: 'FieldValueTooMany',
        message: `Too many: ${count(value)}: must have at most ${limit} item${limit === 1 ? '' : 's'}`,
        field,
      };
    case 'oneOf': {
      const { passingSchemas } = error.params as { passingSchemas: readonly number[] | null };
      const found = passingSchemas === null ? 'none' : String(passingSchemas.length);
      return invalidValue(
        field,
        '',
        `"${path}" must validate one and only one schema (oneOf). Found ${found} valid`,
      );
    }
    case 'anyOf':
      return invalidValue(field, '', `"${path}" must validate at least one schema (anyOf)`);
    case 'not':
      return invalidValue(field, '', `"${path}" must not validate the schema (not)`);
    default:
      return inBody(error.message ?? 'is invalid');
  }
}

function count(value: JsonValue): number {
  if (Array.isArray(value)) return value.length;
  return isJsonObject(value) ? Object.keys(value).length : 0;
}

function typeName(value: JsonValue): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value;
}

/** `/spec/list/0/name` as `spec.list[0].name`. */
function fieldPath(pointer: string, object: JsonObject): string {
  let path = '';
  let current: JsonValue | undefined = object;
  for (const name of tokensOf(pointer)) {
    if (Array.isArray(current)) {
      path += `[${name}]`;
      current = current[Number(name)];
    } else {
      path += path === '' ? name : `.${name}`;
      current = isJsonObject(current) ? current[name] : undefined;
    }
  }
  return path;
}
