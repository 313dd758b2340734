import { randomUUID } from 'node:crypto';
import type { KubernetesObject, ResourceType } from '@rynxs/kernel';
import type { ResourceDefinition } from '../resources/definition.js';
import { asJson, cloneJson, isJsonObject, type JsonObject, sameJson } from './json.js';
import { immutableCause, type ObjectMetaJson } from './metadata-rules.js';
import type { StatusCause } from './status-error.js';
import type { WriteOptions } from './write-options.js';

/** As in Kubernetes: letters and digits that cannot form words. */
const SUFFIX_ALPHABET = 'bcdfghjklmnpqrstvwxz2456789';
/** A name that is made keeps room for its suffix. */
const MAX_PREFIX_LENGTH = 58;

/** The object itself where the caller gives it away, else a copy that may be changed. */
export function ownCopy(object: KubernetesObject, options: WriteOptions): JsonObject {
  return options.givesObject === true ? asJson(object) : cloneJson(asJson(object));
}

/** A copy whose fields, and whose metadata's fields, may be replaced, but not changed in depth. */
export function withOwnMetadata(object: KubernetesObject): JsonObject {
  const json = asJson(object);
  return { ...json, metadata: { ...metadataOf(json) } };
}

/** The metadata of an object, made where there is none. */
export function metadataOf(json: JsonObject): ObjectMetaJson {
  if (!isJsonObject(json.metadata)) json.metadata = {};
  return json.metadata as ObjectMetaJson;
}

/** Sets apiVersion and kind. */
export function setTypeMeta(json: JsonObject, type: ResourceType): void {
  json.apiVersion = type.group === '' ? type.version : `${type.group}/${type.version}`;
  json.kind = type.kind;
}

/** A client may leave out when an object is to be gone, but not say otherwise. */
export function serverMetadataCauses(meta: ObjectMetaJson, old: ObjectMetaJson): StatusCause[] {
  const field = 'deletionTimestamp';
  if (meta[field] === undefined || meta[field] === null) return [];
  const cause = immutableCause(`metadata.${field}`, meta[field], old[field]);
  return cause === undefined ? [] : [cause];
}

/** Takes what clients cannot change from the object as it is. */
export function keepServerMetadata(meta: ObjectMetaJson, old: ObjectMetaJson): void {
  for (const field of [
    'uid',
    'creationTimestamp',
    'deletionTimestamp',
    'deletionGracePeriodSeconds',
    'generation',
    'resourceVersion',
    'generateName',
    'selfLink',
    'managedFields',
  ]) {
    const value = old[field];
    if (value === undefined) delete meta[field];
    else meta[field] = value;
  }
}

/** Whether everything that the generation counts is the same. */
export function sameContent(definition: ResourceDefinition, json: JsonObject, old: JsonObject): boolean {
  const content = (object: JsonObject): JsonObject => ({
    ...object,
    metadata:
      definition.annotationsAreContent === true ? { annotations: metadataOf(object).annotations } : undefined,
    ...(definition.hasStatus ? { status: undefined } : {}),
  });
  return sameJson(content(json), content(old));
}

/** Whether nothing at all is different, but for who wrote last. */
export function unchanged(json: JsonObject, old: JsonObject): boolean {
  return sameJson(
    { ...json, metadata: { ...metadataOf(json), managedFields: undefined } },
    { ...old, metadata: { ...metadataOf(old), managedFields: undefined } },
  );
}

/** A name from a prefix: five random characters that cannot form words, as the API server does it. */
export function generateName(prefix: string): string {
  // A uuid's bytes come from a pool: far cheaper than asking the system for five.
  const bytes = Buffer.from(randomUUID().slice(-12), 'hex').subarray(0, 5);
  let suffix = '';
  for (const byte of bytes) suffix += SUFFIX_ALPHABET[byte % SUFFIX_ALPHABET.length] ?? '';
  return `${prefix.slice(0, MAX_PREFIX_LENGTH)}${suffix}`;
}
