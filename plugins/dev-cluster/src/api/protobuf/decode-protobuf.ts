import type { JsonObject, JsonValue } from '../../storage/json.js';
import { setField } from '../../storage/json.js';
import { badRequest, StatusError } from '../../storage/status-error.js';
import { MESSAGES } from './messages.js';
import { readFields, signed, WireError, type WireField } from './wire-reader.js';

/** Begins every body of type application/vnd.kubernetes.protobuf. */
const MAGIC = Buffer.from('k8s\0');

/**
 * Decodes an object in Kubernetes's protocol buffers, which `kubectl create` sends for some kinds and no JSON. Only those
 * kinds and fields are known; others throw 415, which tells clients to send JSON. Throws 400 for damaged bytes.
 */
export function decodeProtobuf(body: Buffer): JsonObject {
  if (!body.subarray(0, MAGIC.length).equals(MAGIC)) {
    throw badRequest('the body has not the prefix of application/vnd.kubernetes.protobuf');
  }
  try {
    const { apiVersion, kind, raw } = envelope(body.subarray(MAGIC.length));
    if (MESSAGES[kind] === undefined) throw notUnderstood(`the kind ${kind}`);
    return { apiVersion, kind, ...message(kind, raw) };
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    throw badRequest(`the body is no protocol buffers message: ${error.message}`, { cause: error });
  }
}

/** runtime.Unknown: the type, and the object as bytes. */
function envelope(bytes: Buffer): {
  readonly apiVersion: string;
  readonly kind: string;
  readonly raw: Buffer;
} {
  let [apiVersion, kind] = ['', ''];
  let raw: Buffer = Buffer.alloc(0);
  for (const field of readFields(bytes)) {
    if (field.number === 2 && field.bytes !== undefined) raw = field.bytes;
    if (field.number !== 1 || field.bytes === undefined) continue;
    for (const type of readFields(field.bytes)) {
      if (type.number === 1) apiVersion = type.bytes?.toString() ?? '';
      if (type.number === 2) kind = type.bytes?.toString() ?? '';
    }
  }
  return { apiVersion, kind, raw };
}

function message(name: string, bytes: Buffer): JsonObject {
  const result: JsonObject = {};
  for (const field of readFields(bytes)) {
    const known = MESSAGES[name]?.[field.number];
    if (known === undefined) throw notUnderstood(`field ${field.number} of ${name}`);
    const [fieldName = '', ...type] = known.split(' ');
    add(result, fieldName, type.join(' '), field);
  }
  return result;
}

function add(target: JsonObject, name: string, type: string, field: WireField): void {
  if (type === 'skip') return;
  if (type.startsWith('[]')) {
    const list = target[name];
    const item = scalar(type.slice(2), field);
    target[name] = Array.isArray(list) ? [...list, item] : [item];
    return;
  }
  if (type.startsWith('map ')) {
    const map = (target[name] ?? {}) as JsonObject;
    let [key, value]: [string, JsonValue] = ['', ''];
    for (const part of readFields(bytesOf(field))) {
      if (part.number === 1) key = bytesOf(part).toString();
      if (part.number === 2) value = scalar(type.slice(4), part);
    }
    setField(map, key, value);
    target[name] = map;
    return;
  }
  const value = scalar(type.replace('?', ''), field);
  const isZero = value === '' || value === 0 || value === false;
  if (!isZero || type.endsWith('?')) target[name] = value;
}

function scalar(type: string, field: WireField): JsonValue {
  switch (type) {
    case 'string':
      return bytesOf(field).toString();
    case 'bytes':
      return bytesOf(field).toString('base64');
    case 'int':
      return signed(varintOf(field));
    case 'bool':
      return varintOf(field) !== 0n;
    case 'quantity': {
      const [text] = readFields(bytesOf(field));
      return text?.bytes?.toString() ?? '0';
    }
    case 'intOrString':
      return intOrString(bytesOf(field));
    default:
      return message(type, bytesOf(field));
  }
}

function intOrString(bytes: Buffer): JsonValue {
  let [isString, number, text] = [false, 0, ''];
  for (const field of readFields(bytes)) {
    if (field.number === 1) isString = field.varint === 1n;
    if (field.number === 2) number = signed(varintOf(field));
    if (field.number === 3) text = bytesOf(field).toString();
  }
  return isString ? text : number;
}

function bytesOf(field: WireField): Buffer {
  if (field.bytes !== undefined) return field.bytes;
  throw new WireError(`field ${field.number} has the wrong wire type`);
}

function varintOf(field: WireField): bigint {
  if (field.varint !== undefined) return field.varint;
  throw new WireError(`field ${field.number} has the wrong wire type`);
}

function notUnderstood(what: string): StatusError {
  return new StatusError(
    415,
    'UnsupportedMediaType',
    `the embedded cluster does not understand ${what} in application/vnd.kubernetes.protobuf; send application/json (kubectl create -f and kubectl apply do)`,
  );
}
