import {
  cloneJson,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  sameJson,
  setField,
} from '../../storage/json.js';
import { badRequest, StatusError } from '../../storage/status-error.js';

/** One operation of RFC 6902. */
interface Operation {
  readonly op: string;
  readonly path: string;
  readonly from?: string;
  readonly value?: JsonValue;
}

/** As in the API server: a patch must not be a way to make it work without end. */
const MAX_OPERATIONS = 10_000;

/** Applies a JSON patch (RFC 6902) to a copy of `document`. Throws 400 for no patch, 422 for one that does not apply. */
export function applyJsonPatch(document: JsonObject, patch: JsonValue): JsonValue {
  if (!Array.isArray(patch))
    throw badRequest(
      'error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp',
    );
  if (patch.length > MAX_OPERATIONS) {
    throw new StatusError(
      413,
      'RequestEntityTooLarge',
      `The allowed maximum operations in a JSON patch is ${MAX_OPERATIONS}, got ${patch.length}`,
    );
  }
  const root: { document: JsonValue } = { document: cloneJson(document) };
  for (const each of patch) apply(root, operationOf(each));
  return root.document;
}

function operationOf(value: JsonValue): Operation {
  if (!isJsonObject(value) || typeof value.op !== 'string' || typeof value.path !== 'string') {
    throw badRequest('every operation of a JSON patch must be an object with op and path');
  }
  return {
    op: value.op,
    path: value.path,
    ...(typeof value.from === 'string' ? { from: value.from } : {}),
    ...(value.value === undefined ? {} : { value: value.value }),
  };
}

function apply(root: { document: JsonValue }, operation: Operation): void {
  const { op, path } = operation;
  switch (op) {
    case 'add':
      add(root, path, operandOf(operation));
      return;
    case 'remove':
      remove(root, path);
      return;
    case 'replace':
      read(root.document, path);
      if (path === '') root.document = operandOf(operation);
      else replace(root.document, path, operandOf(operation));
      return;
    case 'move': {
      const from = fromOf(operation);
      if (path.startsWith(`${from}/`)) throw unprocessable(`cannot move ${from} into itself`);
      const moved = read(root.document, from);
      remove(root, from);
      add(root, path, moved);
      return;
    }
    case 'copy':
      add(root, path, cloneJson(read(root.document, fromOf(operation))));
      return;
    case 'test':
      if (!sameJson(read(root.document, path), operandOf(operation))) {
        throw unprocessable(`testing path ${path} failed`);
      }
      return;
    default:
      throw unprocessable(`Unexpected kind: ${op}`);
  }
}

function operandOf(operation: Operation): JsonValue {
  if (operation.value === undefined)
    throw unprocessable(`missing value for ${operation.op} ${operation.path}`);
  return cloneJson(operation.value);
}

function fromOf(operation: Operation): string {
  if (operation.from === undefined) throw unprocessable(`missing from for ${operation.op} ${operation.path}`);
  return operation.from;
}

function tokens(pointer: string): string[] {
  if (pointer === '') return [];
  if (!pointer.startsWith('/')) throw unprocessable(`invalid path ${pointer}`);
  return pointer
    .slice(1)
    .split('/')
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function read(document: JsonValue, pointer: string): JsonValue {
  let current = document;
  for (const token of tokens(pointer)) {
    const next = Array.isArray(current)
      ? current[indexOf(token, current.length - 1, pointer)]
      : isJsonObject(current) && Object.hasOwn(current, token)
        ? current[token]
        : undefined;
    if (next === undefined) throw missing(pointer);
    current = next;
  }
  return current;
}

function parentOf(document: JsonValue, pointer: string): [JsonValue, string] {
  const path = tokens(pointer);
  const last = path.pop() ?? '';
  const parent = path.map((token) => `/${token.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
  return [read(document, parent), last];
}

function add(root: { document: JsonValue }, pointer: string, value: JsonValue): void {
  if (pointer === '') {
    root.document = value;
    return;
  }
  const [parent, last] = parentOf(root.document, pointer);
  if (Array.isArray(parent)) {
    parent.splice(last === '-' ? parent.length : indexOf(last, parent.length, pointer), 0, value);
  } else if (isJsonObject(parent)) setField(parent, last, value);
  else throw missing(pointer);
}

function replace(document: JsonValue, pointer: string, value: JsonValue): void {
  const [parent, last] = parentOf(document, pointer);
  if (Array.isArray(parent)) parent[indexOf(last, parent.length - 1, pointer)] = value;
  else if (isJsonObject(parent)) setField(parent, last, value);
}

function remove(root: { document: JsonValue }, pointer: string): void {
  if (pointer === '') throw unprocessable('the whole document cannot be removed');
  const [parent, last] = parentOf(root.document, pointer);
  if (Array.isArray(parent)) parent.splice(indexOf(last, parent.length - 1, pointer), 1);
  else if (isJsonObject(parent) && Object.hasOwn(parent, last)) delete parent[last];
  else throw missing(pointer);
}

function indexOf(token: string, max: number, pointer: string): number {
  const index = Number(token);
  if (!/^(0|[1-9]\d*)$/.test(token) || index > max) throw missing(pointer);
  return index;
}

function missing(pointer: string): StatusError {
  return unprocessable(`the path ${pointer} does not exist`);
}

/** The API server does not say what is wrong; the cause of the error does, to whoever looks for it. */
function unprocessable(detail: string): StatusError {
  return new StatusError(
    422,
    'Invalid',
    'the server rejected our request due to an error in our request',
    {},
    { cause: new Error(detail) },
  );
}
