import type { ResourceDefinition } from '../resources/definition.js';
import { isJsonObject, type JsonObject, type JsonValue, sameJson } from './json.js';
import type { StatusCause } from './status-error.js';

/** Metadata while it is being prepared. */
export interface ObjectMetaJson extends JsonObject {
  name?: string;
  namespace?: string;
  uid?: string;
  resourceVersion?: string;
}

const LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const QUALIFIED_NAME = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;
const LABEL_VALUE = /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/;
/** All annotations of an object together, as in the API server. */
const MAX_ANNOTATION_BYTES = 256 * 1024;

const SUBDOMAIN_HELP =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const LABEL_HELP =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const QUALIFIED_NAME_HELP =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const LABEL_VALUE_HELP =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

export function invalidValue(field: string, value: JsonValue | undefined, detail: string): StatusCause {
  return {
    reason: 'FieldValueInvalid',
    message: `Invalid value: ${shown(value)}: ${detail}`,
    field,
  };
}

export function requiredValue(field: string, detail = ''): StatusCause {
  return {
    reason: 'FieldValueRequired',
    message: detail === '' ? 'Required value' : `Required value: ${detail}`,
    field,
  };
}

/** A value as the API server quotes it in messages. */
export function shown(value: JsonValue | undefined): string {
  return value === undefined ? 'null' : JSON.stringify(value);
}

export function isDnsLabel(value: string): boolean {
  return value.length <= 63 && LABEL.test(value);
}

export function isDnsSubdomain(value: string): boolean {
  return value.length <= 253 && SUBDOMAIN.test(value);
}

/** Everything that is wrong with an object's metadata. */
export function metadataCauses(
  definition: ResourceDefinition,
  meta: ObjectMetaJson,
  previous: ObjectMetaJson | undefined,
): StatusCause[] {
  const causes: StatusCause[] = [];
  if (previous === undefined) causes.push(...nameCauses(definition, meta));
  causes.push(...labelCauses('metadata.labels', meta.labels));
  causes.push(...annotationCauses(meta.annotations));
  causes.push(...finalizerCauses(definition, meta, previous));
  causes.push(...ownerCauses(meta.ownerReferences));
  return causes;
}

function nameCauses(definition: ResourceDefinition, meta: ObjectMetaJson): StatusCause[] {
  if (typeof meta.name !== 'string' || meta.name === '') {
    return [requiredValue('metadata.name', 'name or generateName is required')];
  }
  const field = 'metadata.name';
  if (definition.nameRule === 'path') {
    return /^\.{1,2}$|[/%]/.test(meta.name)
      ? [invalidValue(field, meta.name, "may not contain '/' or '%'")]
      : [];
  }
  if (definition.nameRule === 'label') {
    if (meta.name.length > 63) return [invalidValue(field, meta.name, 'must be no more than 63 characters')];
    return LABEL.test(meta.name) ? [] : [invalidValue(field, meta.name, LABEL_HELP)];
  }
  if (meta.name.length > 253) return [invalidValue(field, meta.name, 'must be no more than 253 characters')];
  return SUBDOMAIN.test(meta.name) ? [] : [invalidValue(field, meta.name, SUBDOMAIN_HELP)];
}

/** Everything that is wrong with a map of labels. */
export function labelCauses(field: string, labels: JsonValue | undefined): StatusCause[] {
  const causes: StatusCause[] = [];
  if (!isJsonObject(labels)) return causes;
  for (const [key, value] of Object.entries(labels)) {
    causes.push(...qualifiedNameCauses(field, key));
    if (typeof value !== 'string') causes.push(invalidValue(field, value, 'must be a string'));
    else if (value.length > 63) causes.push(invalidValue(field, value, 'must be no more than 63 characters'));
    else if (!LABEL_VALUE.test(value)) causes.push(invalidValue(field, value, LABEL_VALUE_HELP));
  }
  return causes;
}

function qualifiedNameCauses(field: string, key: string): StatusCause[] {
  const slash = key.indexOf('/');
  const prefix = slash < 0 ? undefined : key.slice(0, slash);
  const name = slash < 0 ? key : key.slice(slash + 1);
  const details: string[] = [];
  if (prefix === '') details.push('prefix part must be non-empty');
  else if (prefix !== undefined && !isDnsSubdomain(prefix)) details.push(`prefix part ${SUBDOMAIN_HELP}`);
  if (name === '') details.push('name part must be non-empty');
  else if (name.length > 63) details.push('name part must be no more than 63 characters');
  if (!QUALIFIED_NAME.test(name)) details.push(QUALIFIED_NAME_HELP);
  return details.map((detail) => invalidValue(field, key, detail));
}

function annotationCauses(annotations: JsonValue | undefined): StatusCause[] {
  if (!isJsonObject(annotations)) return [];
  const field = 'metadata.annotations';
  const causes: StatusCause[] = [];
  let bytes = 0;
  for (const [key, value] of Object.entries(annotations)) {
    causes.push(...qualifiedNameCauses(field, key.toLowerCase()));
    if (typeof value === 'string') bytes += Buffer.byteLength(key) + Buffer.byteLength(value);
    else causes.push(invalidValue(field, value, 'must be a string'));
  }
  if (bytes > MAX_ANNOTATION_BYTES) {
    causes.push({
      reason: 'FieldValueTooLong',
      message: `Too long: may not be more than ${MAX_ANNOTATION_BYTES} bytes`,
      field,
    });
  }
  return causes;
}

/** Finalizers that need no domain. */
const STANDARD_FINALIZERS = new Set([
  'foregroundDeletion',
  'orphan',
  'kubernetes',
  'customresourcecleanup.apiextensions.k8s.io',
]);

function finalizerCauses(
  definition: ResourceDefinition,
  meta: ObjectMetaJson,
  previous: ObjectMetaJson | undefined,
): StatusCause[] {
  if (!Array.isArray(meta.finalizers)) return [];
  const causes = meta.finalizers.flatMap((name, index) => {
    if (typeof name !== 'string') return [];
    const ofName = qualifiedNameCauses('metadata.finalizers', name);
    const isQualified = name.includes('/') || STANDARD_FINALIZERS.has(name);
    // Custom resources are only warned of such names.
    if (ofName.length > 0 || isQualified || definition.isCustom === true) return ofName;
    const detail = 'name is neither a standard finalizer name nor is it fully qualified';
    return [invalidValue(`metadata.finalizers[${index}]`, name, detail)];
  });
  if (previous?.deletionTimestamp === undefined) return causes;
  const known = Array.isArray(previous.finalizers) ? previous.finalizers : [];
  const added = meta.finalizers.filter((name) => !known.includes(name));
  if (added.length > 0) {
    causes.push({
      reason: 'FieldValueForbidden',
      message: `Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{${added.map(shown).join(', ')}}`,
      field: 'metadata.finalizers',
    });
  }
  return causes;
}

function ownerCauses(owners: JsonValue | undefined): StatusCause[] {
  if (!Array.isArray(owners)) return [];
  const causes: StatusCause[] = [];
  let controller: string | undefined;
  for (const owner of owners) {
    if (!isJsonObject(owner)) continue;
    for (const field of ['apiVersion', 'kind', 'name', 'uid']) {
      if (typeof owner[field] === 'string' && owner[field] !== '') continue;
      const detail = field === 'apiVersion' ? 'version must not be empty' : 'must not be empty';
      causes.push(invalidValue(`metadata.ownerReferences.${field}`, owner[field] ?? '', detail));
    }
    if (owner.controller !== true) continue;
    const name = `${String(owner.kind)}/${String(owner.name)}`;
    if (controller !== undefined) {
      const detail = `Only one reference can have Controller set to true. Found "true" in references for ${controller} and ${name}`;
      causes.push(invalidValue('metadata.ownerReferences', owners, detail));
    }
    controller ??= name;
  }
  return causes;
}

/** Whether a field that must never change has changed; the cause to report if so. */
export function immutableCause(
  field: string,
  value: JsonValue | undefined,
  previous: JsonValue | undefined,
): StatusCause | undefined {
  return sameJson(value, previous) ? undefined : invalidValue(field, value, 'field is immutable');
}
