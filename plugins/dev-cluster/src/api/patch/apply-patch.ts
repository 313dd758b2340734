import type { ServedResource } from '../../resources/registry.js';
import { isJsonObject, type JsonObject, type JsonValue } from '../../storage/json.js';
import { badRequest, StatusError } from '../../storage/status-error.js';
import { applyJsonPatch } from './json-patch.js';
import { applyMergePatch } from './merge-patch.js';
import { applyStrategicMergePatch } from './strategic-merge-patch.js';

/**
 * Applies a patch of a media type to a copy of an object. Throws 415 for types that are not offered, 400 and 422 for patches
 * that make no sense.
 */
export function applyPatch(
  type: string,
  object: JsonObject,
  patch: JsonValue,
  served: ServedResource,
): JsonObject {
  const patched = patchedValue(type, object, patch, served);
  if (isJsonObject(patched)) return patched;
  throw badRequest('the patch leaves no object');
}

function patchedValue(type: string, object: JsonObject, patch: JsonValue, served: ServedResource): JsonValue {
  switch (type) {
    case 'application/json-patch+json':
      return applyJsonPatch(object, patch);
    case 'application/merge-patch+json':
      if (!isJsonObject(patch)) throw noObject(patch);
      return applyMergePatch(object, patch);
    case 'application/strategic-merge-patch+json':
      if (served.isCustom) throw noStrategicMerge();
      if (!isJsonObject(patch)) throw noObject(patch);
      return applyStrategicMergePatch(object, patch, served.schema);
    default:
      throw new StatusError(415, 'UnsupportedMediaType', '415: Unsupported Media Type', {});
  }
}

function noObject(patch: JsonValue): StatusError {
  const found = Array.isArray(patch) ? 'array' : typeof patch;
  return badRequest(
    `error decoding patch: json: cannot unmarshal ${found} into Go value of type map[string]interface {}`,
  );
}

function noStrategicMerge(): StatusError {
  return new StatusError(
    415,
    'UnsupportedMediaType',
    'the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml',
  );
}
