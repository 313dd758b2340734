import {
  at,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  objectAt,
  objectsAt,
  sameJson,
  stringAt,
} from '../../storage/json.js';
import {
  immutableCause,
  invalidValue,
  isDnsLabel,
  isDnsSubdomain,
  requiredValue,
} from '../../storage/metadata-rules.js';
import type { StatusCause } from '../../storage/status-error.js';
import { column, NAME_COLUMN } from '../columns.js';
import { ensureObject, setDefault } from '../defaults.js';
import type { ResourceDefinition } from '../definition.js';
import { compileJsonPath } from '../json-path.js';
import { unsupportedValue } from '../pod-rules.js';
import type { FieldSchema } from '../schema/field-schema.js';
import { CUSTOM_RESOURCE_DEFINITIONS } from '../types.js';
import { compileValidator } from './schema-validator.js';
import { structuralCauses } from './structural-rules.js';

/** Keeps a definition until its objects are gone. */
export const CLEANUP_FINALIZER = 'customresourcecleanup.apiextensions.k8s.io';

/** The kind CustomResourceDefinition itself. `isTaken` tells which resources are built in. */
export function definitionOfDefinitions(
  isTaken: (group: string, plural: string) => boolean,
  timestamp: () => string,
): ResourceDefinition {
  return {
    type: CUSTOM_RESOURCE_DEFINITIONS,
    singular: 'customresourcedefinition',
    shortNames: ['crd', 'crds'],
    categories: ['api-extensions'],
    listKind: 'CustomResourceDefinitionList',
    hasStatus: true,
    hasGeneration: true,
    allowsUnconditionalUpdate: false,
    columns: [
      NAME_COLUMN,
      column('Created At', (object) => stringAt(object, 'metadata', 'creationTimestamp') ?? '', {
        type: 'date',
      }),
    ],
    applyDefaults: (object) => {
      const spec = ensureObject(object, 'spec');
      setDefault(ensureObject(spec, 'conversion'), 'strategy', 'None');
      const names = ensureObject(spec, 'names');
      const kind = stringAt(names, 'kind') ?? '';
      setDefault(names, 'singular', kind.toLowerCase());
      setDefault(names, 'listKind', `${kind}List`);
    },
    prepareForCreate: (object) => {
      const meta = ensureObject(object, 'metadata');
      const finalizers = Array.isArray(meta.finalizers) ? meta.finalizers : [];
      if (!finalizers.includes(CLEANUP_FINALIZER)) meta.finalizers = [...finalizers, CLEANUP_FINALIZER];
      object.status = statusOf(object, [], timestamp());
    },
    prepareForUpdate: (object, previous) => {
      const stored = at(previous, 'status', 'storedVersions');
      const conditions = at(previous, 'status', 'conditions');
      object.status = {
        ...statusOf(object, Array.isArray(stored) ? stored : [], timestamp()),
        ...(conditions === undefined ? {} : { conditions }),
      };
    },
    validate: (object, previous) => definitionCauses(object, previous, isTaken),
  };
}

function statusOf(object: JsonObject, stored: readonly JsonValue[], now: string): JsonObject {
  const version = objectsAt(object, 'spec', 'versions').find((each) => each.storage === true)?.name;
  const condition = (type: string, reason: string, message: string) => ({
    type,
    status: 'True',
    reason,
    message,
    lastTransitionTime: now,
  });
  return {
    acceptedNames: objectAt(object, 'spec', 'names'),
    storedVersions: version === undefined || stored.includes(version) ? [...stored] : [...stored, version],
    conditions: [
      condition('NamesAccepted', 'NoConflicts', 'no conflicts found'),
      condition('Established', 'InitialNamesAccepted', 'the initial names have been accepted'),
    ],
  };
}

function definitionCauses(
  object: JsonObject,
  previous: JsonObject | undefined,
  isTaken: (group: string, plural: string) => boolean,
): StatusCause[] {
  const causes: StatusCause[] = [];
  const spec = objectAt(object, 'spec');
  const group = stringAt(spec, 'group') ?? '';
  const plural = stringAt(spec, 'names', 'plural') ?? '';
  const name = stringAt(object, 'metadata', 'name') ?? '';
  if (name !== `${plural}.${group}`) {
    causes.push(invalidValue('metadata.name', name, `must be spec.names.plural+"."+spec.group`));
  }
  if (group === '') causes.push(requiredValue('spec.group'));
  else if (!isDnsSubdomain(group) || !group.includes('.')) {
    causes.push(invalidValue('spec.group', group, 'should be a domain with at least one dot'));
  }
  if (plural === '') causes.push(requiredValue('spec.names.plural'));
  else if (!isDnsLabel(plural))
    causes.push(invalidValue('spec.names.plural', plural, 'must be a lowercase RFC 1123 label'));
  if (previous === undefined && isTaken(group, plural)) {
    causes.push(invalidValue('spec.names.plural', plural, 'is a built-in resource'));
  }
  if ((stringAt(spec, 'names', 'kind') ?? '') === '') causes.push(requiredValue('spec.names.kind'));
  if (spec.scope !== 'Namespaced' && spec.scope !== 'Cluster') {
    causes.push(unsupportedValue('spec.scope', spec.scope, ['Cluster', 'Namespaced']));
  }
  if (at(spec, 'conversion', 'strategy') !== 'None') {
    causes.push(unsupportedValue('spec.conversion.strategy', at(spec, 'conversion', 'strategy'), ['None']));
  }
  if (previous !== undefined) {
    for (const field of ['group', 'scope']) {
      const cause = immutableCause(`spec.${field}`, spec[field], at(previous, 'spec', field));
      if (cause !== undefined) causes.push(cause);
    }
  }
  const versions = objectsAt(spec, 'versions');
  const stored = versions.filter((version) => version.storage === true).length;
  if (stored !== 1) {
    causes.push(
      invalidValue(
        'spec.versions',
        versions.length,
        'must have exactly one version marked as storage version',
      ),
    );
  }
  // A part that all versions have in common is taken for one of the definition, and blamed as such.
  const isShared = (field: string) => versions.every((each) => sameJson(each[field], versions[0]?.[field]));
  const hasOneSchema = isShared('schema');
  versions.forEach((version, index) => {
    const path = `spec.versions[${index}]`;
    causes.push(...versionCauses(version, path, isShared('additionalPrinterColumns') ? 'spec' : path));
    if (!hasOneSchema) causes.push(...schemaCauses(version, `${path}.schema.openAPIV3Schema`));
    else if (index === 0) causes.push(...schemaCauses(version, 'spec.validation.openAPIV3Schema'));
  });
  return causes;
}

function versionCauses(version: JsonObject, path: string, columnsPath: string): StatusCause[] {
  const causes: StatusCause[] = [];
  if (typeof version.name !== 'string' || !isDnsLabel(version.name)) {
    causes.push(invalidValue(`${path}.name`, version.name, 'must be a lowercase RFC 1123 label'));
  }
  objectsAt(version, 'additionalPrinterColumns').forEach((each, index) => {
    const jsonPath = stringAt(each, 'jsonPath') ?? '';
    const field = `${columnsPath}.additionalPrinterColumns[${index}].jsonPath`;
    if (jsonPath === '') causes.push(requiredValue(field));
    else if (compileJsonPath(jsonPath) === undefined)
      causes.push(invalidValue(field, jsonPath, 'is an invalid path'));
  });
  return causes;
}

function schemaCauses(version: JsonObject, path: string): StatusCause[] {
  const schema = at(version, 'schema', 'openAPIV3Schema');
  if (!isJsonObject(schema)) return [requiredValue(path, 'schemas are required')];
  const structural = structuralCauses(schema, path);
  if (structural.length > 0) return structural;
  try {
    const { ruleDefects } = compileValidator(schema as unknown as FieldSchema);
    return ruleDefects.map((defect) => ({ ...defect, field: `${path}${defect.field}` }));
  } catch (error) {
    return [invalidValue(path, '', error instanceof Error ? error.message : String(error))];
  }
}
