import type { IncomingMessage } from 'node:http';
import { isJsonObject, type JsonObject, type JsonValue } from '../storage/json.js';
import { badRequest, StatusError } from '../storage/status-error.js';
import { decodeProtobuf } from './protobuf/decode-protobuf.js';

/** The largest request body, as in the real API server. */
const MAX_BODY_BYTES = 3 * 1024 * 1024;

/** Reads a whole body. Throws 413 above the limit, and 400 when the client stops in the middle. */
export function readBody(request: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > MAX_BODY_BYTES) {
        request.pause();
        reject(
          new StatusError(
            413,
            'RequestEntityTooLarge',
            `Request entity too large: limit is ${MAX_BODY_BYTES}`,
          ),
        );
        return;
      }
      chunks.push(chunk);
    });
    request.on('end', () =>
      resolve(chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks)),
    );
    request.on('error', (error) =>
      reject(badRequest('the request body could not be read', { cause: error })),
    );
    request.on('aborted', () => reject(badRequest('the request body ended early')));
  });
}

/** The media type of a request without its parameters; undefined when none was sent. */
export function mediaType(request: IncomingMessage): string | undefined {
  return request.headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase();
}

/** Parses a body by its media type. Throws 400 for what is no JSON (or YAML), 415 for other types. */
export async function parseBody(request: IncomingMessage, body: Buffer): Promise<JsonValue> {
  const type = mediaType(request);
  if (type === undefined || type === 'application/json' || type.endsWith('+json')) return parseJson(body);
  if (type === 'application/yaml' || type === 'application/x-yaml') {
    const { parse } = await import('yaml');
    try {
      return parse(body.toString()) as JsonValue;
    } catch (error) {
      throw badRequest(`error converting YAML to JSON: ${messageOf(error)}`, { cause: error });
    }
  }
  if (type === 'application/vnd.kubernetes.protobuf') return decodeProtobuf(body);
  throw new StatusError(
    415,
    'UnsupportedMediaType',
    `the body of the request was in an unknown format - accepted media types include: application/json, application/yaml`,
  );
}

export function parseJson(body: Buffer): JsonValue {
  try {
    return JSON.parse(body.toString()) as JsonValue;
  } catch (error) {
    throw badRequest(`couldn't get version/kind; json parse error: ${messageOf(error)}`, { cause: error });
  }
}

/** As `parseBody`, for bodies that must be an object. */
export async function readObject(request: IncomingMessage): Promise<JsonObject> {
  const value = await parseBody(request, await readBody(request));
  if (isJsonObject(value)) return value;
  throw badRequest("couldn't get version/kind; the body is not a JSON object");
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
