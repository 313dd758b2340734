import { readFile, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { type KubernetesObject, type RynxsError, RynxsErrors, rynxsError } from '@rynxs/kernel';
import { type Document, isNode, LineCounter, parseAllDocuments } from 'yaml';
import type { FieldPath, Manifest } from './manifest.js';

/** More than any API server takes in one request. */
const MAX_FILE_BYTES = 4 * 1024 * 1024;
// RFC 1123 subdomain, which names of almost every kind are.
const NAME = /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/;

/**
 * Reads YAML or JSON files with one or more objects each, in order. Throws RynxsErrors with everything that is wrong
 * in any of them: RYNXS_MANIFEST_UNREADABLE, RYNXS_MANIFEST_INVALID.
 */
export async function readManifests(files: readonly string[], cwd: string): Promise<readonly Manifest[]> {
  const problems: RynxsError[] = [];
  const manifests: Manifest[] = [];
  for (const file of files) {
    try {
      const { found, invalid } = parseManifests(file, await readText(file, cwd));
      manifests.push(...found);
      problems.push(...invalid);
    } catch (cause) {
      const detail = describeReadFailure(cause);
      problems.push(rynxsError('RYNXS_MANIFEST_UNREADABLE', { file, detail }, { cause }));
    }
  }
  if (problems.length > 0) throw new RynxsErrors(problems);
  return manifests;
}

/** The objects in `text`, and what is wrong with the others. `file` is only for messages. */
export function parseManifests(
  file: string,
  text: string,
): { readonly found: readonly Manifest[]; readonly invalid: readonly RynxsError[] } {
  const lines = new LineCounter();
  const documents = parseAllDocuments(text, { lineCounter: lines, prettyErrors: false });
  const found: Manifest[] = [];
  const invalid: RynxsError[] = [];
  const reject = (line: number, detail: string): void => {
    invalid.push(rynxsError('RYNXS_MANIFEST_INVALID', { file, line, detail }));
  };
  for (const document of 'empty' in documents ? [] : documents) {
    const [syntax] = document.errors;
    if (syntax !== undefined) {
      reject(lines.linePos(syntax.pos[0]).line, syntax.message);
      continue;
    }
    if (document.contents === null) continue;
    const lineOf = (path: FieldPath): number => lineOfField(document, lines, path);
    const object: unknown = document.toJS();
    const flaw = structuralFlaw(object);
    if (flaw === undefined) found.push({ file, object: object as Manifest['object'], lineOf });
    else reject(lineOf(flaw.path), flaw.detail);
  }
  if (found.length === 0 && invalid.length === 0) reject(1, 'the file holds no object');
  return { found, invalid };
}

interface Flaw {
  readonly path: FieldPath;
  readonly detail: string;
}

function structuralFlaw(object: unknown): Flaw | undefined {
  if (typeof object !== 'object' || object === null || Array.isArray(object)) {
    return { path: [], detail: 'a manifest is a mapping with apiVersion, kind and metadata' };
  }
  const { apiVersion, kind, metadata } = object as Partial<KubernetesObject>;
  if (typeof apiVersion !== 'string') return missing(['apiVersion'], 'e.g. universe.ai/v1alpha1');
  if (typeof kind !== 'string') return missing(['kind'], 'e.g. Agent');
  const name: unknown = metadata?.name;
  if (typeof name !== 'string') return missing(['metadata', 'name'], 'the name of the object');
  if (!NAME.test(name)) {
    return {
      path: ['metadata', 'name'],
      detail: `metadata.name: ${JSON.stringify(name)} must be lower-case letters, digits, '-' and '.', and begin and end with a letter or digit`,
    };
  }
  const namespace: unknown = metadata?.namespace;
  if (namespace !== undefined && (typeof namespace !== 'string' || !NAME.test(namespace))) {
    return { path: ['metadata', 'namespace'], detail: 'metadata.namespace: must be the name of a namespace' };
  }
  return undefined;
}

function missing(path: FieldPath, hint: string): Flaw {
  return { path, detail: `${path.join('.')}: is required (${hint})` };
}

function lineOfField(document: Document.Parsed, lines: LineCounter, path: FieldPath): number {
  for (let length = path.length; length >= 0; length -= 1) {
    const node: unknown = length === 0 ? document.contents : document.getIn(path.slice(0, length), true);
    if (isNode(node) && node.range) return lines.linePos(node.range[0]).line;
  }
  return 1;
}

async function readText(file: string, cwd: string): Promise<string> {
  const path = resolve(cwd, file);
  const { size } = await stat(path);
  if (size > MAX_FILE_BYTES) throw new RangeError(`it is larger than ${MAX_FILE_BYTES / 1024 / 1024} MiB`);
  return readFile(path, 'utf8');
}

function describeReadFailure(cause: unknown): string {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  if (code === 'ENOENT') return 'there is no such file';
  if (code === 'EISDIR') return 'it is a directory; name the files in it';
  if (code === 'EACCES') return 'reading it is not permitted';
  return cause instanceof Error ? cause.message : String(cause);
}
