import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../rynxs-process.js';

/** Where a block of commands is run, or why it is not. */
export type Mark =
  | { readonly kind: 'test'; readonly file: string; readonly isShort: boolean }
  | { readonly kind: 'page'; readonly document: string }
  | { readonly kind: 'run'; readonly place: Place; readonly until: string | undefined }
  | { readonly kind: 'not run'; readonly reason: string };

/** A place that the commands of documents are run in, from the first to the last of a page. */
export type Place = 'laptop' | 'cluster';

/** What cannot be had where the tests run. Whatever else a command needs, a test has to bring. */
export const REASONS: readonly string[] = [
  'needs a cloud account',
  'needs a container registry',
  'needs Debian and root',
  'needs Docker',
  'needs the MinIO client',
  'publishes a release',
];

/** A command as it is typed, and the lines that the page shows it to print. */
export interface Command {
  readonly text: string;
  readonly shown: readonly string[];
}

/** A block of shell commands in a document. */
export interface ShellBlock {
  /** Path of the document, relative to the root. */
  readonly document: string;
  /** Line of the block's fence, from 1. */
  readonly line: number;
  readonly commands: readonly Command[];
  /** What the comment before it says, or that of the whole page; undefined without either. */
  readonly mark: string | undefined;
}

const SHELLS = new Set(['sh', 'bash', 'shell', 'console', 'shell-session']);
/** Folders that are walked for documents. */
const FOLDERS = ['docs', 'examples', 'helm'];
const BLOCK_MARK = /^\s*<!-- (.+?) -->$/;
const PAGE_MARK = /^<!-- all commands (run .+?) -->$/m;

/** The documents of the repository that are for its users, relative to the root. */
export function documents(): readonly string[] {
  const inFolders = FOLDERS.flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => /(?<!\.template)\.md$/.test(name) && !name.includes('node_modules'))
      .map((name) => `${folder}/${name}`),
  );
  return ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', ...inFolders.sort()];
}

export function textOf(document: string): string {
  return readFileSync(join(ROOT, document), 'utf8');
}

/** The blocks of shell commands in a document, in its order. */
export function shellBlocks(document: string, text: string = textOf(document)): readonly ShellBlock[] {
  const lines = text.split('\n');
  const pageMark = PAGE_MARK.exec(text)?.[1];
  const blocks: ShellBlock[] = [];
  for (let index = 0; index < lines.length; index++) {
    const [, indent = '', fence, language = ''] = /^( *)(`{3,}|~{3,})([\w-]*)/.exec(lines[index] ?? '') ?? [];
    if (fence === undefined) continue;
    const end = lines.findIndex((line, at) => at > index && line.trim() === fence);
    if (end === -1) throw new Error(`${document}:${index + 1}: the block does not end`);
    const body = lines.slice(index + 1, end).map((line) => line.slice(indent.length));
    if (SHELLS.has(language) || body.some((line) => line.startsWith('$ '))) {
      const [, mark = pageMark] = BLOCK_MARK.exec(lines[index - 1] ?? '') ?? [];
      blocks.push({ document, line: index + 1, commands: commandsOf(body), mark });
    }
    index = end;
  }
  return blocks;
}

/** What a mark says. Undefined when it is none that is known. */
export function parseMark(mark: string): Mark | undefined {
  const [, short, file] = /^run (in short form )?by (\S+)$/.exec(mark) ?? [];
  if (file !== undefined) return { kind: 'test', file, isShort: short !== undefined };
  const [, place, until] = /^run on a (laptop|cluster)(?:, until "(.+)")?$/.exec(mark) ?? [];
  if (place !== undefined) return { kind: 'run', place: place as Place, until };
  const [, page] = /^run in (\S+\.md)$/.exec(mark) ?? [];
  if (page !== undefined) return { kind: 'page', document: page };
  const [, reason] = /^not run: (.+)$/.exec(mark) ?? [];
  return reason === undefined ? undefined : { kind: 'not run', reason };
}

/** With `$ ` before each command, what follows one is its output; otherwise all of a block is one piece of a script. */
function commandsOf(lines: readonly string[]): readonly Command[] {
  if (!lines.some((line) => line.startsWith('$ '))) return [{ text: lines.join('\n'), shown: [] }];
  const commands: { text: string; shown: string[] }[] = [];
  for (const line of lines) {
    const last = commands.at(-1);
    if (line.startsWith('$ ')) commands.push({ text: line.slice('$ '.length), shown: [] });
    else if (last?.text.endsWith('\\')) last.text += `\n${line}`;
    else if (line !== '') last?.shown.push(line);
  }
  return commands;
}
