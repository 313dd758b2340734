import type { IncomingMessage } from 'node:http';
import type { ServedResource } from '../../resources/registry.js';
import type { JsonObject, JsonValue } from '../../storage/json.js';
import { invalid, StatusError } from '../../storage/status-error.js';
import { type DecodedObject, decodeObject, type FieldValidation } from '../decode.js';
import { mediaType, parseBody } from '../request-body.js';

/** The patch of a body. Throws 415 for server-side apply, with what to use instead, and what `parseBody` throws. */
export async function patchOf(request: IncomingMessage, body: Buffer): Promise<JsonValue> {
  if (mediaType(request) !== 'application/apply-patch+yaml') return parseBody(request, body);
  throw new StatusError(
    415,
    'UnsupportedMediaType',
    'server-side apply (application/apply-patch+yaml) is not offered by the embedded cluster; use client-side apply (kubectl apply without --server-side), or a merge, strategic merge or JSON patch',
  );
}

/** As `decodeObject`, for what a patch has made: unknown fields are blamed on the patch. */
export function decodePatched(
  served: ServedResource,
  patched: JsonObject,
  body: Buffer,
  validation: FieldValidation,
): DecodedObject {
  try {
    return decodeObject(served, patched, validation);
  } catch (error) {
    if (!(error instanceof StatusError) || !error.message.includes('strict decoding error')) throw error;
    const detail = error.message.slice(error.message.indexOf('strict decoding error'));
    throw invalid({ ...served.type, group: '', kind: '' }, '', [
      {
        reason: 'FieldValueInvalid',
        message: `Invalid value: ${JSON.stringify(body.toString())}: ${detail}`,
        field: 'patch',
      },
    ]);
  }
}
