import type { JsonValue } from '../../storage/json.js';

/** Under which name a schema is published in OpenAPI documents; kept out of the JSON of the schema itself. */
export const COMPONENT: unique symbol = Symbol('component');

/** The part of OpenAPI's schemas that describes Kubernetes kinds, with the extensions that the API server obeys. */
export interface FieldSchema {
  readonly [COMPONENT]?: string;
  readonly type?: string;
  readonly format?: string;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, FieldSchema>>;
  readonly required?: readonly string[];
  readonly items?: FieldSchema;
  readonly additionalProperties?: FieldSchema | boolean;
  readonly enum?: readonly JsonValue[];
  readonly default?: JsonValue;
  readonly nullable?: boolean;
  readonly 'x-kubernetes-patch-strategy'?: string;
  readonly 'x-kubernetes-patch-merge-key'?: string;
  readonly 'x-kubernetes-preserve-unknown-fields'?: boolean;
  readonly 'x-kubernetes-embedded-resource'?: boolean;
  readonly 'x-kubernetes-int-or-string'?: boolean;
  readonly 'x-kubernetes-list-type'?: string;
  readonly 'x-kubernetes-list-map-keys'?: readonly string[];
  readonly 'x-kubernetes-validations'?: readonly ValidationRule[];
}

/** A rule in CEL on the value that a schema describes: apiextensions.k8s.io/v1 ValidationRule. */
export interface ValidationRule {
  readonly rule: string;
  readonly message?: string;
  readonly messageExpression?: string;
  /** FieldValueInvalid (the default), FieldValueForbidden, FieldValueRequired or FieldValueDuplicate. */
  readonly reason?: string;
  /** The field below the value that is to blame: `.spec.replicas`. */
  readonly fieldPath?: string;
  /** Makes `oldSelf` an optional, so that the rule is evaluated for new values too. */
  readonly optionalOldSelf?: boolean;
}

type Fields = Readonly<Record<string, FieldSchema>>;

export function string(description: string): FieldSchema {
  return { type: 'string', description };
}

export function int32(description: string): FieldSchema {
  return { type: 'integer', format: 'int32', description };
}

export function int64(description: string): FieldSchema {
  return { type: 'integer', format: 'int64', description };
}

export function boolean(description: string): FieldSchema {
  return { type: 'boolean', description };
}

/** RFC 3339 with whole seconds. */
export function time(description: string): FieldSchema {
  return { type: 'string', format: 'date-time', description, nullable: true };
}

export function intOrString(description: string): FieldSchema {
  return { 'x-kubernetes-int-or-string': true, format: 'int-or-string', description };
}

export function quantity(description: string): FieldSchema {
  return { 'x-kubernetes-int-or-string': true, description };
}

/** An object with exactly these fields. `required` names those that must be there. */
export function object(
  description: string,
  properties: Fields,
  required: readonly string[] = [],
): FieldSchema {
  return { type: 'object', description, properties, ...(required.length === 0 ? {} : { required }) };
}

/** As `object`, published in OpenAPI under a name of its own. */
export function component(
  name: string,
  description: string,
  properties: Fields,
  required: readonly string[] = [],
): FieldSchema {
  return { [COMPONENT]: name, ...object(description, properties, required) };
}

/** An object whose fields are not described: anything is kept. */
export function anyObject(description: string): FieldSchema {
  return { type: 'object', description, 'x-kubernetes-preserve-unknown-fields': true };
}

export function mapOf(values: FieldSchema, description: string): FieldSchema {
  return { type: 'object', description, additionalProperties: values };
}

export function listOf(items: FieldSchema, description: string): FieldSchema {
  return { type: 'array', description, items };
}

/** A list that strategic merge patches merge: by a key of its elements, or, without one, as a set of values. */
export function mergedListOf(items: FieldSchema, description: string, mergeKey?: string): FieldSchema {
  return {
    ...listOf(items, description),
    'x-kubernetes-patch-strategy': 'merge',
    ...(mergeKey === undefined ? {} : { 'x-kubernetes-patch-merge-key': mergeKey }),
  };
}

/** The same schema with another patch strategy: `retainKeys`, `merge,retainKeys`. */
export function patchedBy(strategy: string, schema: FieldSchema): FieldSchema {
  return { ...schema, 'x-kubernetes-patch-strategy': strategy };
}
