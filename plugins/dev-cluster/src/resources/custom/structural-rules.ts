import { isJsonObject, type JsonObject, type JsonValue } from '../../storage/json.js';
import { requiredValue } from '../../storage/metadata-rules.js';
import type { StatusCause } from '../../storage/status-error.js';

const FORBIDDEN = [
  '$ref',
  'definitions',
  'dependencies',
  'deprecated',
  'discriminator',
  'id',
  'patternProperties',
  'readOnly',
  'writeOnly',
  'xml',
];

/** What keeps a schema from being structural: only such schemas can be pruned and defaulted. */
export function structuralCauses(schema: JsonObject, path: string, isRoot = true): StatusCause[] {
  const causes: StatusCause[] = [];
  const forbid = (field: string, message: string) =>
    causes.push({ reason: 'FieldValueForbidden', message: `Forbidden: ${message}`, field });
  for (const keyword of FORBIDDEN) {
    if (schema[keyword] !== undefined) forbid(`${path}.${keyword}`, `${keyword} is not supported`);
  }
  if (schema.uniqueItems === true) {
    forbid(
      `${path}.uniqueItems`,
      'uniqueItems cannot be set to true since the runtime complexity becomes quadratic',
    );
  }
  if (schema.additionalProperties === false)
    forbid(`${path}.additionalProperties`, 'additionalProperties cannot be set to false');
  if (isJsonObject(schema.properties) && isJsonObject(schema.additionalProperties)) {
    forbid(`${path}.additionalProperties`, 'additionalProperties and properties are mutual exclusive');
  }
  const untyped =
    schema['x-kubernetes-int-or-string'] === true || schema['x-kubernetes-preserve-unknown-fields'] === true;
  if (typeof schema.type !== 'string' || schema.type === '') {
    if (isRoot || !untyped)
      causes.push(
        requiredValue(
          `${path}.type`,
          isRoot ? 'must not be empty at the root' : 'must not be empty for specified object fields',
        ),
      );
  } else if (isRoot && schema.type !== 'object') {
    causes.push({
      reason: 'FieldValueInvalid',
      message: `Invalid value: ${JSON.stringify(schema.type)}: must be object at the root`,
      field: `${path}.type`,
    });
  }
  if (schema.type === 'array' && !isJsonObject(schema.items))
    causes.push(requiredValue(`${path}.items`, 'must be specified'));
  const inner = (value: JsonValue | undefined, at: string) => {
    if (isJsonObject(value)) causes.push(...structuralCauses(value, at, false));
  };
  inner(schema.items, `${path}.items`);
  inner(schema.additionalProperties, `${path}.additionalProperties`);
  if (isJsonObject(schema.properties)) {
    for (const [field, value] of Object.entries(schema.properties))
      inner(value, `${path}.properties[${field}]`);
  }
  return causes;
}
