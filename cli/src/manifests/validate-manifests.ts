import type { KubernetesObject, ResourceType, RynxsError } from '@rynxs/kernel';
import { RynxsErrors, rynxsError } from '@rynxs/kernel';
import { Ajv, type ErrorObject } from 'ajv';
import { type FieldPath, formatPath, type Manifest } from './manifest.js';

/** A kind that can be applied, and the schema of its objects where one is known here. */
export interface KnownKind {
  readonly resource: ResourceType;
  /** OpenAPI v3 schema, as it stands in a CustomResourceDefinition. */
  readonly schema?: OpenApiSchema;
}

/** The part of a structural schema that is looked at here; all of it goes to the validator. */
export interface OpenApiSchema {
  readonly properties?: Readonly<Record<string, OpenApiSchema>>;
  readonly additionalProperties?: OpenApiSchema | boolean;
  readonly items?: OpenApiSchema;
  readonly 'x-kubernetes-preserve-unknown-fields'?: boolean;
  readonly [keyword: string]: unknown;
}

/** A manifest whose type is known. */
export interface TypedManifest {
  readonly manifest: Manifest;
  readonly resource: ResourceType;
}

/** `universe.ai/v1alpha1`, `v1`. */
export function apiVersionOf({ group, version }: ResourceType): string {
  return group === '' ? version : `${group}/${version}`;
}

/** The kind and schema that a CustomResourceDefinition defines for `resource`. */
export function kindOfDefinition(
  resource: ResourceType,
  definition: KubernetesObject | undefined,
): KnownKind {
  const { versions } = (definition?.spec ?? {}) as { versions?: readonly DefinedVersion[] };
  const schema = versions?.find(({ name }) => name === resource.version)?.schema?.openAPIV3Schema;
  return schema === undefined ? { resource } : { resource, schema };
}

interface DefinedVersion {
  readonly name: string;
  readonly schema?: { readonly openAPIV3Schema?: OpenApiSchema };
}

/**
 * Finds the type of each manifest and checks it against its schema, unknown fields included, so that mistakes are
 * found before anything is started. Throws RynxsErrors with one RYNXS_MANIFEST_INVALID per mistake.
 */
export function validateManifests(
  manifests: readonly Manifest[],
  kinds: readonly KnownKind[],
): readonly TypedManifest[] {
  const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false });
  const problems: RynxsError[] = [];
  const typed = manifests.flatMap((manifest) => {
    const reject = (path: FieldPath, detail: string): void => {
      const { file } = manifest;
      problems.push(rynxsError('RYNXS_MANIFEST_INVALID', { file, line: manifest.lineOf(path), detail }));
    };
    const { apiVersion, kind } = manifest.object;
    const known = kinds.find(
      ({ resource }) => resource.kind === kind && apiVersionOf(resource) === apiVersion,
    );
    if (known === undefined) {
      reject(
        ['kind'],
        `${apiVersion} ${kind} is not a kind that can be applied here; ${nearestKinds(kind, kinds)}`,
      );
      return [];
    }
    if (known.schema !== undefined) {
      if (!ajv.validate(known.schema, manifest.object)) {
        for (const error of ajv.errors ?? [])
          reject(pathOf(error, manifest.object), explain(error, manifest.object));
      }
      for (const path of unknownFields(manifest.object, known.schema)) {
        reject(path, `${formatPath(path)}: there is no such field`);
      }
    }
    return [{ manifest, resource: known.resource }];
  });
  if (problems.length > 0) throw new RynxsErrors(problems);
  return typed;
}

function nearestKinds(kind: string, kinds: readonly KnownKind[]): string {
  const sameKind = kinds.filter(({ resource }) => resource.kind.toLowerCase() === kind.toLowerCase());
  const offered = sameKind.length > 0 ? sameKind : kinds;
  const names = offered.map(({ resource }) => `${apiVersionOf(resource)} ${resource.kind}`);
  return `${sameKind.length > 0 ? 'did you mean' : 'known are'} ${names.join(', ')}`;
}

/** Fields of `value` that `schema` does not name; a real API server would drop them without a word. */
function* unknownFields(value: unknown, schema: OpenApiSchema, path: FieldPath = []): Iterable<FieldPath> {
  if (schema['x-kubernetes-preserve-unknown-fields'] === true) return;
  if (Array.isArray(value)) {
    if (schema.items === undefined) return;
    for (const [index, item] of value.entries()) yield* unknownFields(item, schema.items, [...path, index]);
    return;
  }
  if (typeof value !== 'object' || value === null || schema.properties === undefined) return;
  for (const [name, field] of Object.entries(value)) {
    // The API server knows these itself; definitions leave them out or say only `type: object`.
    if (path.length === 0 && (name === 'apiVersion' || name === 'kind' || name === 'metadata')) continue;
    const known = schema.properties[name];
    if (known !== undefined) yield* unknownFields(field, known, [...path, name]);
    else if (schema.additionalProperties === undefined) yield [...path, name];
  }
}

function pathOf(error: ErrorObject, object: unknown): FieldPath {
  const parts = error.instancePath
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
  let value: unknown = object;
  return parts.map((part) => {
    const key = Array.isArray(value) ? Number(part) : part;
    value = (value as Readonly<Record<string | number, unknown>>)[key];
    return key;
  });
}

function explain(error: ErrorObject, object: unknown): string {
  const path = pathOf(error, object);
  const { missingProperty, allowedValues } = error.params as {
    missingProperty?: string;
    allowedValues?: readonly unknown[];
  };
  if (missingProperty !== undefined) return `${formatPath([...path, missingProperty])}: is required`;
  const choices = allowedValues === undefined ? '' : `: ${allowedValues.map(String).join(', ')}`;
  return `${formatPath(path)}: ${error.message ?? 'is not valid'}${choices}`;
}
