import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';

/** What a store holds: names of files or keys of objects, and their bytes. */
export type StoredBytes = ReadonlyMap<string, Buffer>;

/** A file or an object that holds records. */
export interface Container {
  readonly name: string;
  /** Record lines, each with its LF, as far as they have one. */
  readonly lines: readonly Buffer[];
}

const ACTIVE_FILE = 'operator-events.log';
const SEGMENT = /^operator-events\.\d{10}\.log(\.zst)?$/;
const COMMIT_OBJECT = /^events\/\d{10}\.json$/;
const CHECKPOINT = /(?:^|\/)objects\/(checkpoints\/[0-9-]+)$/;
const LF = 0x0a;

/** The parts of a store that hold records, in the order of the log. */
export function containersOf(stored: StoredBytes): Container[] {
  return [...stored.keys()]
    .filter(holdsRecords)
    .sort(inOrderOfTheLog)
    .map((name) => ({ name, lines: linesOf(recordBytes(name, stored.get(name) ?? Buffer.alloc(0))) }));
}

/** The store with other records in it; containers that are left out, or have no lines, are gone. */
export function withContainers(stored: StoredBytes, containers: readonly Container[]): Map<string, Buffer> {
  const changed = new Map([...stored].filter(([name]) => !holdsRecords(name)));
  for (const { name, lines } of containers) {
    const bytes = Buffer.concat(lines);
    const isGone = lines.length === 0 && name !== ACTIVE_FILE;
    if (!isGone) changed.set(name, name.endsWith('.zst') ? zstdCompressSync(bytes) : bytes);
  }
  return changed;
}

export function holdsRecords(name: string): boolean {
  return name === ACTIVE_FILE || SEGMENT.test(name) || COMMIT_OBJECT.test(name);
}

/** The name of a checkpoint as its store's users know it; undefined for anything else. */
export function checkpointName(name: string): string | undefined {
  return CHECKPOINT.exec(name)?.[1];
}

/** The same log with every segment compressed, as a store leaves it when it has the time. */
export function withCompressedSegments(stored: StoredBytes): Map<string, Buffer> {
  const plain = [...stored].filter(([name]) => SEGMENT.test(name) && !name.endsWith('.zst'));
  const compressed = plain.map(([name, bytes]) => [`${name}.zst`, zstdCompressSync(bytes)] as const);
  const others = [...stored].filter(([name]) => !plain.some(([one]) => one === name));
  return new Map([...others, ...compressed]);
}

/** All record lines. */
export function allLines(stored: StoredBytes): Buffer[] {
  return containersOf(stored).flatMap(({ lines }) => lines);
}

/** What a container says once it is decompressed; undefined when it cannot be. */
export function contentOf(name: string, bytes: Buffer): Buffer | undefined {
  try {
    return recordBytes(name, bytes);
  } catch {
    return undefined;
  }
}

export function linesOf(bytes: Buffer): Buffer[] {
  const lines: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const lf = bytes.indexOf(LF, at);
    const end = lf < 0 ? bytes.length : lf + 1;
    lines.push(bytes.subarray(at, end));
    at = end;
  }
  return lines;
}

function recordBytes(name: string, bytes: Buffer): Buffer {
  return name.endsWith('.zst') ? zstdDecompressSync(bytes) : bytes;
}

/** The active file comes last; all else is numbered. */
function inOrderOfTheLog(a: string, b: string): number {
  if (a === ACTIVE_FILE || b === ACTIVE_FILE) return a === b ? 0 : a === ACTIVE_FILE ? 1 : -1;
  return a < b ? -1 : 1;
}
