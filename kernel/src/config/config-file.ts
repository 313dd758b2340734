import { open } from 'node:fs/promises';
import type { Alias, LineCounter, Node, ParsedNode } from 'yaml';
import { type RynxsError, rynxsError } from '../errors/rynxs-error.js';

const MAX_FILE_BYTES = 1_048_576;

/** A value as it stands in the file. */
export interface FileEntry {
  readonly section: string;
  readonly name: string;
  /** The text that was written, before YAML gave it a type: `0x10` stays `0x10`. Empty for null. */
  readonly text: string;
  /** `rynxs.yaml:12`. */
  readonly where: string;
}

export interface ConfigFile {
  readonly entries: readonly FileEntry[];
  /** Sections, also empty ones. */
  readonly sections: readonly { readonly name: string; readonly where: string }[];
  readonly errors: readonly RynxsError[];
}

/** Reads rynxs.yaml. What cannot be used is reported in `errors` (RYNXS_CONFIG_FILE, RYNXS_CONFIG_INVALID). */
export async function readConfigFile(path: string): Promise<ConfigFile> {
  let text: string;
  try {
    text = await readBounded(path);
  } catch (cause) {
    const detail = cause instanceof Error ? cause.message : String(cause);
    return failed([rynxsError('RYNXS_CONFIG_FILE', { file: path, detail }, { cause })]);
  }
  // The parser is large; most processes have no file.
  const { LineCounter, isAlias, isMap, isScalar, isSeq, parseDocument } = await import('yaml');
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: true });
  if (document.errors.length > 0) {
    return failed(
      document.errors.map((cause) =>
        rynxsError('RYNXS_CONFIG_FILE', { file: path, detail: firstLine(cause.message) }, { cause }),
      ),
    );
  }

  const errors: RynxsError[] = [];
  const sections: { name: string; where: string }[] = [];
  const entries: FileEntry[] = [];
  const resolve = (node: unknown): unknown => (isAlias(node) ? (node as Alias).resolve(document) : node);
  const invalid = (setting: string, where: string, detail: string): void => {
    errors.push(rynxsError('RYNXS_CONFIG_INVALID', { setting, where, detail }));
  };

  const root = document.contents as ParsedNode | null;
  if (root === null || (isScalar(root) && root.value === null)) return { entries, sections, errors };
  if (!isMap(root)) {
    const detail = 'it must hold sections, such as `kernel:`';
    return failed([rynxsError('RYNXS_CONFIG_FILE', { file: path, detail })]);
  }
  for (const { key, value } of root.items) {
    const section = keyText(key);
    const place = at(path, lines, key);
    sections.push({ name: section, where: place });
    const content = resolve(value);
    if (content === null || (isScalar(content) && content.value === null)) continue;
    if (!isMap(content)) {
      invalid(section, place, 'must hold settings, one per line');
      continue;
    }
    for (const item of content.items) {
      const name = keyText(item.key);
      const where = at(path, lines, item.key as Node);
      const node = resolve(item.value);
      if (isScalar(node)) entries.push({ section, name, where, text: scalarText(node) });
      else if (isSeq(node) && node.items.every((element) => isScalar(resolve(element)))) {
        const elements = node.items.map((element) => scalarText(resolve(element) as ScalarText));
        if (elements.some((element) => element.includes(','))) {
          invalid(`${section}.${name}`, where, 'an element of a list must not have a comma');
        } else entries.push({ section, name, where, text: elements.join(',') });
      } else if (node !== null && node !== undefined) {
        invalid(`${section}.${name}`, where, 'must be a single value or a list of values');
      }
    }
  }
  return { entries, sections, errors };
}

interface ScalarText {
  readonly value: unknown;
  readonly source?: string;
}

/** What was written, not what YAML makes of it; the grammar of a setting is ours. */
function scalarText(scalar: ScalarText): string {
  if (scalar.value === null || scalar.value === undefined) return '';
  return typeof scalar.value === 'string' ? scalar.value : (scalar.source ?? String(scalar.value));
}

function keyText(key: unknown): string {
  return String((key as ScalarText).value ?? key);
}

function at(path: string, lines: LineCounter, node: Node): string {
  const start = node.range?.[0];
  return start === undefined ? path : `${path}:${lines.linePos(start).line}`;
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0]?.replace(/:$/, '') ?? text;
}

function failed(errors: readonly RynxsError[]): ConfigFile {
  return { entries: [], sections: [], errors };
}

async function readBounded(path: string): Promise<string> {
  await using file = await open(path, 'r');
  const { size } = await file.stat();
  if (size > MAX_FILE_BYTES) throw new Error(`it has ${size} bytes; at most ${MAX_FILE_BYTES} are read`);
  return await file.readFile('utf8');
}
