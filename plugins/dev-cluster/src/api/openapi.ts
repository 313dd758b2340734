import { createHash } from 'node:crypto';
import type { ResourceRegistry, ServedResource } from '../resources/registry.js';
import { COMPONENT, type FieldSchema } from '../resources/schema/field-schema.js';
import { OBJECT_META } from '../resources/schema/meta.js';
import type { JsonObject, JsonValue } from '../storage/json.js';
import { StatusError } from '../storage/status-error.js';
import type { Answer } from './answer.js';

/** The OpenAPI documents: schemas for `kubectl explain`, parameters so that kubectl leaves validation to the server. */
export class OpenApi {
  readonly #registry: ResourceRegistry;
  readonly #documents = new Map<string, Buffer>();
  #revision = -1;

  constructor(registry: ResourceRegistry) {
    this.#registry = registry;
  }

  /** The document at a path; undefined when there is none. Throws 406 for formats that are not offered. */
  answer(path: string, accept: string | undefined): Answer | undefined {
    if (path === '/openapi/v2') {
      if (accept !== undefined && !/application\/json|\*\/\*/.test(accept)) {
        throw new StatusError(
          406,
          'NotAcceptable',
          'only the following media types are accepted: application/json',
        );
      }
      return { code: 200, body: this.#document(path, () => this.#v2()) };
    }
    if (path === '/openapi/v3') return { code: 200, body: this.#document(path, () => this.#index()) };
    const groupVersion = /^\/openapi\/v3\/(api\/v1|apis\/[^/]+\/[^/]+)$/.exec(path)?.[1];
    if (groupVersion === undefined) return undefined;
    const served = this.#served(groupVersion);
    if (served.length === 0) return undefined;
    return { code: 200, body: this.#document(path, () => v3(served)) };
  }

  #document(path: string, make: () => JsonObject): Buffer {
    if (this.#revision !== this.#registry.revision) {
      this.#documents.clear();
      this.#revision = this.#registry.revision;
    }
    let bytes = this.#documents.get(path);
    if (bytes === undefined) {
      bytes = Buffer.from(JSON.stringify(make()));
      this.#documents.set(path, bytes);
    }
    return bytes;
  }

  #served(groupVersion: string): readonly ServedResource[] {
    return this.#registry.all().filter((each) => pathOf(each) === groupVersion);
  }

  #index(): JsonObject {
    const paths: JsonObject = {};
    for (const groupVersion of new Set(this.#registry.all().map(pathOf))) {
      // Clients cache a document under the hash in its URL.
      const document = JSON.stringify(v3(this.#served(groupVersion)));
      const hash = createHash('sha256').update(document).digest('hex').toUpperCase();
      paths[groupVersion] = { serverRelativeURL: `/openapi/v3/${groupVersion}?hash=${hash}` };
    }
    return { paths };
  }

  #v2(): JsonObject {
    const definitions: Components = new Map();
    const paths: JsonObject = {};
    for (const served of this.#registry.all()) {
      Object.assign(paths, pathItems(served, definitions, '#/definitions/'));
    }
    return {
      swagger: '2.0',
      info: { title: 'Rynxs embedded cluster', version: 'v1' },
      paths,
      definitions: Object.fromEntries(definitions),
    };
  }
}

type Components = Map<string, JsonValue>;

function pathOf(served: ServedResource): string {
  const { group, version } = served.type;
  return group === '' ? `api/${version}` : `apis/${group}/${version}`;
}

function v3(served: readonly ServedResource[]): JsonObject {
  const schemas: Components = new Map();
  const paths: JsonObject = {};
  for (const each of served) Object.assign(paths, pathItems(each, schemas, '#/components/schemas/'));
  return {
    openapi: '3.0.0',
    info: { title: 'Rynxs embedded cluster', version: 'v1' },
    paths,
    components: { schemas: Object.fromEntries(schemas) },
  };
}

/** The paths of a resource, with its schema added to the components. */
function pathItems(served: ServedResource, components: Components, prefix: string): JsonObject {
  const { group, version, kind, plural, namespaced } = served.type;
  const gvk = { group, kind, version };
  const name = addKind(served, components, prefix);
  const schema = { $ref: `${prefix}${name}` };
  const isV2 = prefix === '#/definitions/';
  const content = (types: readonly string[]) => Object.fromEntries(types.map((type) => [type, { schema }]));
  const parameter = (parameterName: string, description: string) => ({
    name: parameterName,
    in: 'query',
    description,
    ...(isV2 ? { type: 'string', uniqueItems: true } : { schema: { type: 'string', uniqueItems: true } }),
  });
  const writes = [
    parameter('dryRun', 'All: nothing is stored.'),
    parameter('fieldManager', 'Who writes.'),
    parameter('fieldValidation', 'Ignore, Warn or Strict: what happens with unknown fields.'),
  ];
  const ok = isV2
    ? { '200': { description: 'OK', schema } }
    : { '200': { description: 'OK', content: content(['application/json']) } };
  const operation = (
    action: string,
    parameters: readonly JsonObject[],
    body?: readonly string[],
  ): JsonObject => ({
    operationId: `${action}${group.replaceAll('.', '')}${version}${kind}`,
    parameters: [
      ...parameters,
      ...(isV2 && body !== undefined ? [{ name: 'body', in: 'body', required: true, schema }] : []),
    ],
    responses: ok,
    'x-kubernetes-action': action,
    'x-kubernetes-group-version-kind': gvk,
    ...(isV2 || body === undefined ? {} : { requestBody: { content: content(body) } }),
    ...(isV2 && body !== undefined ? { consumes: [...body] } : {}),
  });
  const base = `/${pathOf(served)}${namespaced ? '/namespaces/{namespace}' : ''}/${plural}`;
  const patches = [
    'application/json-patch+json',
    'application/merge-patch+json',
    ...(served.isCustom ? [] : ['application/strategic-merge-patch+json']),
  ];
  return {
    [base]: { get: operation('list', []), post: operation('post', writes, ['application/json']) },
    [`${base}/{name}`]: {
      get: operation('get', []),
      put: operation('put', writes, ['application/json']),
      patch: operation('patch', writes, patches),
      delete: operation('delete', [parameter('dryRun', 'All: nothing is stored.')]),
    },
  };
}

function addKind(served: ServedResource, components: Components, prefix: string): string {
  const { group, version, kind } = served.type;
  const gvk = { group, kind, version };
  const name = served.schema?.[COMPONENT] ?? `${group.split('.').toReversed().join('.')}.${version}.${kind}`;
  const schema: FieldSchema = served.schema ?? { type: 'object' };
  const complete: FieldSchema = served.isCustom
    ? {
        ...schema,
        properties: {
          apiVersion: {
            type: 'string',
            description: 'Group and version of the API that this object is written in.',
          },
          kind: { type: 'string', description: 'The kind of the object.' },
          ...schema.properties,
          metadata: OBJECT_META,
        },
      }
    : schema;
  const made = published(complete, components, prefix);
  components.set(name, { ...made, 'x-kubernetes-group-version-kind': [gvk] });
  return name;
}

/** A schema as JSON; the components that it uses are added and referred to. */
function published(schema: FieldSchema, components: Components, prefix: string): JsonObject {
  const result: JsonObject = {};
  for (const [key, value] of Object.entries(schema) as [string, JsonValue][]) result[key] = value;
  const { properties, items, additionalProperties } = schema;
  if (schema['x-kubernetes-int-or-string'] === true) {
    delete result['x-kubernetes-int-or-string'];
    result.type = 'string';
    result.format = 'int-or-string';
  }
  if (properties !== undefined) {
    result.properties = Object.fromEntries(
      Object.entries(properties).map(([field, each]) => [field, referred(each, components, prefix)]),
    );
  }
  if (items !== undefined) result.items = referred(items, components, prefix);
  if (typeof additionalProperties === 'object') {
    result.additionalProperties = referred(additionalProperties, components, prefix);
  }
  return result;
}

function referred(schema: FieldSchema, components: Components, prefix: string): JsonObject {
  const name = schema[COMPONENT];
  if (name === undefined) return published(schema, components, prefix);
  if (!components.has(name)) {
    components.set(name, {});
    components.set(name, published(schema, components, prefix));
  }
  const rest: JsonObject = {};
  for (const key of ['x-kubernetes-patch-strategy', 'x-kubernetes-patch-merge-key'] as const) {
    const value = schema[key];
    if (value !== undefined) rest[key] = value;
  }
  // A reference may have no siblings in OpenAPI 3.0; `allOf` is how the API server adds to one.
  const reference = { $ref: `${prefix}${name}` };
  return Object.keys(rest).length === 0 ? reference : { allOf: [reference], ...rest };
}
