import type { ServedResource } from '../resources/registry.js';
import { type Inspection, inspectFields } from '../resources/schema/inspect.js';
import { isJsonObject, type JsonObject } from '../storage/json.js';
import { badRequest } from '../storage/status-error.js';

/** What happens with fields that the kind does not have: they are dropped, with or without a word, or refuse the request. */
export type FieldValidation = 'Ignore' | 'Warn' | 'Strict';

export interface DecodedObject {
  /** The object as it is stored: in the storage's version, without unknown fields. */
  readonly object: JsonObject;
  readonly warnings: readonly string[];
}

/** Takes a body for an object of a kind. Throws 400 for another kind, wrong types, and unknown fields if strict. */
export function decodeObject(
  served: ServedResource,
  body: JsonObject,
  validation: FieldValidation,
): DecodedObject {
  const { group, version, kind } = served.type;
  const apiVersion = group === '' ? version : `${group}/${version}`;
  if (typeof body.kind === 'string' && body.kind !== '' && body.kind !== kind) {
    throw badRequest(
      `${body.kind} in version ${JSON.stringify(body.apiVersion ?? version)} cannot be handled as a ${kind}: the kind in the data (${body.kind}) does not match the expected kind (${kind})`,
    );
  }
  if (typeof body.apiVersion === 'string' && body.apiVersion !== '' && body.apiVersion !== apiVersion) {
    throw badRequest(
      `the API version in the data (${body.apiVersion}) does not match the expected API version (${apiVersion})`,
    );
  }
  body.apiVersion = apiVersion;
  body.kind = kind;
  if (body.metadata !== undefined && !isJsonObject(body.metadata)) {
    throw badRequest(
      `${kind} in version ${JSON.stringify(version)} cannot be handled as a ${kind}: metadata is no object`,
    );
  }
  const { unknown, mismatch }: Inspection =
    served.schema === undefined ? { unknown: [] } : inspectFields(served.schema, body, !served.isCustom);
  if (mismatch !== undefined) {
    throw badRequest(
      `${kind} in version ${JSON.stringify(version)} cannot be handled as a ${kind}: ${mismatch}`,
    );
  }
  const complaints = unknown.map((path) => `unknown field ${JSON.stringify(path)}`);
  if (validation === 'Strict' && complaints.length > 0) {
    throw badRequest(
      `${kind} in version ${JSON.stringify(version)} cannot be handled as a ${kind}: strict decoding error: ${complaints.join(', ')}`,
    );
  }
  return {
    object: served.toStored === undefined ? body : served.toStored(body),
    warnings: validation === 'Warn' ? complaints : [],
  };
}
