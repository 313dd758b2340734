import type { Environment } from '@marcbachmann/cel-js';
import { isJsonObject, type JsonObject, type JsonValue, sameJson } from '../../../storage/json.js';
import type { FieldSchema } from '../../schema/field-schema.js';

/** How the values of a schema look to CEL. */
export interface CelShape {
  /** `string`, `list<string>`, or the name of a type that was declared for an object. */
  readonly type: string;
  /** The CEL value of a JSON value that the schema allows. */
  convert(value: JsonValue): unknown;
}

/** Fields that the root of every object has, whatever its schema says of them. */
const ROOT_FIELDS: Readonly<Record<string, FieldSchema>> = {
  apiVersion: { type: 'string' },
  kind: { type: 'string' },
  metadata: { type: 'object', properties: { name: { type: 'string' }, generateName: { type: 'string' } } },
};

const ANYTHING: CelShape = { type: 'dyn', convert: convertAnything };

/** The shapes of strings by their formats; others are plain strings. */
const STRINGS: Readonly<Record<string, CelShape>> = {
  'date-time': { type: 'google.protobuf.Timestamp', convert: (value) => new Date(String(value)) },
  date: { type: 'google.protobuf.Timestamp', convert: (value) => new Date(String(value)) },
  byte: { type: 'bytes', convert: (value) => Buffer.from(String(value), 'base64') },
};

/**
 * Declares the types of structural schemas in an environment. Which schema becomes which type follows the API server
 * (k8s.io/apiserver, pkg/cel/common/schemas.go), but that what is nullable is `dyn` here.
 */
export class CelTypes {
  readonly #environment: Environment;
  #declared = 0;

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  /** `isRoot`: the schema is that of a whole object, which has kind, apiVersion and metadata. */
  shapeOf(schema: FieldSchema, isRoot = false): CelShape {
    if (schema['x-kubernetes-int-or-string'] === true || schema.nullable === true) return ANYTHING;
    switch (schema.type) {
      case 'string':
        return STRINGS[schema.format ?? ''] ?? { type: 'string', convert: (value) => value };
      case 'boolean':
        return { type: 'bool', convert: (value) => value };
      case 'number':
        return { type: 'double', convert: (value) => value };
      case 'integer':
        return { type: 'int', convert: (value) => BigInt(Number(value)) };
      case 'array':
        return this.#list(schema);
      case 'object':
        return this.#objectOrMap(schema, isRoot);
      default:
        return ANYTHING;
    }
  }

  #list(schema: FieldSchema): CelShape {
    const item = this.shapeOf(schema.items ?? {});
    return {
      type: `list<${item.type}>`,
      convert: (value) => (Array.isArray(value) ? value.map((each) => item.convert(each)) : []),
    };
  }

  #objectOrMap(schema: FieldSchema, isRoot: boolean): CelShape {
    const { properties, additionalProperties } = schema;
    if (isRoot || schema['x-kubernetes-embedded-resource'] === true) {
      return this.#object({ ...properties, ...ROOT_FIELDS });
    }
    if (properties !== undefined) return this.#object(properties);
    if (typeof additionalProperties !== 'object') return ANYTHING;
    const entry = this.shapeOf(additionalProperties);
    return {
      type: `map<string, ${entry.type}>`,
      convert: (value) => mapOf(value, (each) => entry.convert(each)),
    };
  }

  #object(properties: Readonly<Record<string, FieldSchema>>): CelShape {
    const fields = Object.entries(properties).flatMap(([field, schema]) => {
      const name = celName(field);
      return name === undefined ? [] : [{ field, name, shape: this.shapeOf(schema) }];
    });
    const sources = new WeakMap<object, JsonObject>();
    /** The library tells types by their classes. */
    class CelObject {
      constructor(source: JsonObject) {
        sources.set(this, source);
        for (const { field, name, shape } of fields) {
          const value = Object.hasOwn(source, field) ? source[field] : undefined;
          if (value !== undefined) Object.assign(this, { [name]: shape.convert(value) });
        }
      }
    }
    this.#declared += 1;
    const type = `Object${this.#declared}`;
    this.#environment.registerType(type, {
      ctor: CelObject,
      fields: Object.fromEntries(fields.map(({ name, shape }) => [name, shape.type])),
    });
    this.#environment.registerOperator(`${type} == ${type}`, (left: CelObject, right: CelObject) =>
      sameJson(sources.get(left), sources.get(right)),
    );
    return { type, convert: (value) => new CelObject(isJsonObject(value) ? value : {}) };
  }
}

const RESERVED_WORDS = new Set(
  'true false null in as break const continue else for function if import let loop package namespace return var void while'.split(
    ' ',
  ),
);

const ESCAPES: Readonly<Record<string, string>> = {
  __: '__underscores__',
  '-': '__dash__',
  '.': '__dot__',
  '/': '__slash__',
};

/** The name of a field in CEL (k8s.io/apiserver, pkg/cel/escaping.go); undefined when CEL cannot name it. */
export function celName(field: string): string | undefined {
  if (RESERVED_WORDS.has(field)) return `__${field}__`;
  const name = field.replace(/__|[-./]/g, (found) => ESCAPES[found] ?? found);
  return /^[A-Za-z_]\w*$/.test(name) ? name : undefined;
}

/** A value without a schema: whole numbers are int, others double, as the API server takes them. */
function convertAnything(value: JsonValue): unknown {
  if (typeof value === 'number') return Number.isInteger(value) ? BigInt(value) : value;
  if (Array.isArray(value)) return value.map(convertAnything);
  return isJsonObject(value) ? mapOf(value, convertAnything) : value;
}

function mapOf(value: JsonValue, convert: (entry: JsonValue) => unknown): Map<string, unknown> {
  const entries = isJsonObject(value) ? Object.entries(value) : [];
  return new Map(entries.map(([key, entry]) => [key, convert(entry ?? null)]));
}
