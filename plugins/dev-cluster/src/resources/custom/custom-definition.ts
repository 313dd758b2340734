import type { KubernetesObject, ResourceType } from '@rynxs/kernel';
import { asJson, isJsonObject, type JsonObject, objectAt, objectsAt, stringAt } from '../../storage/json.js';
import { StatusError } from '../../storage/status-error.js';
import type { ResourceDefinition, ScalePaths } from '../definition.js';
import { compileJsonPath } from '../json-path.js';
import type { ServedResource } from '../registry.js';
import type { FieldSchema } from '../schema/field-schema.js';
import { customColumns } from './custom-columns.js';
import { applySchemaDefaults } from './defaulting.js';
import { compileValidator, type SchemaValidator } from './schema-validator.js';

/** What a CustomResourceDefinition adds to the table of resources. */
export interface CustomResource {
  readonly definition: ResourceDefinition;
  readonly served: readonly ServedResource[];
}

/** Reads a valid CustomResourceDefinition. */
export function customResource(crd: KubernetesObject): CustomResource {
  const json = asJson(crd);
  const versions = objectsAt(json, 'spec', 'versions');
  const stored = versions.find((version) => version.storage === true) ?? {};
  const definition = definitionOf(json, stored);
  const single =
    versions.length === 1 && (objectAt(json, 'status').storedVersions as string[] | undefined)?.length === 1;
  const served = versions
    .filter((version) => version.served === true)
    .map((version): ServedResource => {
      const own = version === stored ? definition : definitionOf(json, version);
      return {
        type: own.type,
        // Columns are the version's own; what is stored is the storage version's affair.
        definition: { ...definition, columns: own.columns },
        schema: schemaOf(version),
        isCustom: true,
        ...(version.deprecated === true ? { warning: deprecation(own.type, version) } : {}),
        ...(single
          ? {}
          : {
              fromStored: (object) => ({ ...object, apiVersion: apiVersionOf(own.type) }),
              toStored: (object) => ({ ...object, apiVersion: apiVersionOf(definition.type) }),
            }),
      };
    });
  return { definition, served };
}

function definitionOf(crd: JsonObject, version: JsonObject): ResourceDefinition {
  const names = objectAt(crd, 'spec', 'names');
  const type: ResourceType = {
    group: stringAt(crd, 'spec', 'group') ?? '',
    version: stringAt(version, 'name') ?? '',
    kind: stringAt(names, 'kind') ?? '',
    plural: stringAt(names, 'plural') ?? '',
    namespaced: stringAt(crd, 'spec', 'scope') !== 'Cluster',
  };
  const schema = schemaOf(version);
  const hasStatus = isJsonObject(objectAt(version, 'subresources').status);
  const scale = scaleOf(version);
  // Compiled when first needed: it takes milliseconds that a start without such objects does not have to spend.
  let validator: SchemaValidator | undefined;
  const compiled = () => {
    validator ??= compileValidator(schema);
    return validator;
  };
  const selectable = objectsAt(version, 'selectableFields').flatMap((field) => {
    const path = stringAt(field, 'jsonPath') ?? '';
    const find = compileJsonPath(path);
    return find === undefined ? [] : [{ name: path.replace(/^\./, ''), find }];
  });
  return {
    type,
    isCustom: true,
    singular: stringAt(names, 'singular') ?? '',
    shortNames: stringsOf(names.shortNames),
    categories: stringsOf(names.categories),
    listKind: stringAt(names, 'listKind') ?? '',
    hasStatus,
    hasGeneration: true,
    ...(scale === undefined ? {} : { scale }),
    allowsUnconditionalUpdate: false,
    columns: customColumns(version),
    applyDefaults: (object) => applySchemaDefaults(schema, object),
    prepareForCreate: () => {
      if (objectAt(crd, 'metadata').deletionTimestamp === undefined) return;
      throw new StatusError(
        405,
        'MethodNotAllowed',
        `create not allowed while custom resource definition is terminating`,
      );
    },
    validate: (object, previous) => compiled().causes(object, previous),
    validateStatus: (object, previous) => compiled().statusCauses(object, previous),
    selectableFields: (object) =>
      Object.fromEntries(selectable.map(({ name, find }) => [name, String(find(object)[0] ?? '')])),
  };
}

function schemaOf(version: JsonObject): FieldSchema {
  return objectAt(version, 'schema', 'openAPIV3Schema') as unknown as FieldSchema;
}

function scaleOf(version: JsonObject): ScalePaths | undefined {
  const scale = objectAt(version, 'subresources').scale;
  if (!isJsonObject(scale)) return undefined;
  const labelSelector = stringAt(scale, 'labelSelectorPath');
  return {
    specReplicas: stringAt(scale, 'specReplicasPath') ?? '',
    statusReplicas: stringAt(scale, 'statusReplicasPath') ?? '',
    ...(labelSelector === undefined ? {} : { labelSelector }),
  };
}

function deprecation(type: ResourceType, version: JsonObject): string {
  return stringAt(version, 'deprecationWarning') ?? `${apiVersionOf(type)} ${type.kind} is deprecated`;
}

function apiVersionOf(type: ResourceType): string {
  return `${type.group}/${type.version}`;
}

function stringsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : [];
}
