import {
  closeSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readFileSync,
  renameSync,
  truncateSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import type { KubernetesObject } from '@rynxs/kernel';
import { rynxsError } from '@rynxs/kernel';
import type { Change } from './change-history.js';
import { directoryError } from './directory-lock.js';
import { encodedObject } from './encoded-object.js';
import { isJsonObject } from './json.js';
import type { CommitSink } from './object-storage.js';

const FILE = 'objects.jsonl';
const FORMAT = 'rynxs.dev-cluster/1';
/** The journal is rewritten when it is this large and mostly old. */
const MIN_COMPACTION_BYTES = 4 * 1024 * 1024;

type WriteBytes = (descriptor: number, bytes: Buffer) => void;

/** What a journal holds. */
export interface JournalState {
  /** The newest resource version that was handed out. */
  readonly resourceVersion: number;
  /** Objects with the storage key of their type (`apps/deployments`). */
  readonly objects: ReadonlyMap<string, readonly [string, KubernetesObject]>;
}

/**
 * The state of the cluster as a file of JSON lines: a header, then one line per object (`put`) or deletion (`delete`), in
 * the order in which they happened. A change is acknowledged once write(2) has taken it, so it outlives the process, if not
 * a power failure. A torn last line is what a killed process leaves: it was never acknowledged, and is dropped.
 * When most of the file is old, it is replaced by one that holds the present state only.
 */
export class Journal implements CommitSink, Disposable {
  readonly #dir: string;
  readonly #writeBytes: WriteBytes;
  readonly #onProblem: (error: unknown) => void;
  readonly #live = new Map<string, LiveObject>();
  #descriptor: number;
  #bytes: number;
  #liveBytes = 0;
  #compactAtBytes = MIN_COMPACTION_BYTES;
  #broken: unknown;

  private constructor(
    dir: string,
    descriptor: number,
    bytes: number,
    objects: JournalState['objects'],
    onProblem: (error: unknown) => void,
    write: WriteBytes,
  ) {
    this.#writeBytes = write;
    this.#dir = dir;
    this.#descriptor = descriptor;
    this.#bytes = bytes;
    this.#onProblem = onProblem;
    for (const [identity, [key, object]] of objects) {
      this.#keep(identity, { key, object, bytes: encodedObject(object).length });
    }
  }

  /**
   * Opens, or begins, the journal of a directory. Throws RYNXS_DEV_CLUSTER_DAMAGED, RYNXS_DEV_CLUSTER_DIRECTORY.
   * `onProblem` is told when the file cannot be made smaller; it goes on growing then. `write` puts all bytes at the end of
   * an open file.
   */
  static open(
    dir: string,
    onProblem: (error: unknown) => void,
    write: WriteBytes = writeWhole,
  ): { readonly journal: Journal; readonly state: JournalState } {
    const file = join(dir, FILE);
    const bytes = readIfThere(file);
    const { state, length } = bytes === undefined ? { state: EMPTY, length: 0 } : parse(file, bytes);
    try {
      if (bytes !== undefined && length < bytes.length) truncateSync(file, length);
      const descriptor = openSync(file, 'a', 0o600);
      const journal = new Journal(dir, descriptor, length, state.objects, onProblem, write);
      if (length === 0) journal.#write(headerLine(state.resourceVersion));
      return { journal, state };
    } catch (error) {
      throw directoryError(file, error);
    }
  }

  committed(change: Change): void {
    const key = `${change.resource.group}/${change.resource.plural}`;
    const { namespace = '', name } = change.object.metadata;
    const identity = `${key}/${namespace}/${name}`;
    if (change.type === 'DELETED') {
      const entry = { resourceVersion: change.resourceVersion, key, namespace, name };
      this.#write(Buffer.from(`${JSON.stringify({ delete: entry })}\n`));
      this.#forget(identity);
    } else {
      this.#write(putLine(key, change.object));
      this.#keep(identity, { key, object: change.object, bytes: encodedObject(change.object).length });
    }
    if (this.#bytes > this.#compactAtBytes && this.#bytes > 2 * this.#liveBytes) {
      this.#tryCompact(change.resourceVersion);
    }
  }

  [Symbol.dispose](): void {
    closeSync(this.#descriptor);
  }

  #keep(identity: string, live: LiveObject): void {
    this.#forget(identity);
    this.#live.set(identity, live);
    this.#liveBytes += live.bytes;
  }

  #forget(identity: string): void {
    this.#liveBytes -= this.#live.get(identity)?.bytes ?? 0;
    this.#live.delete(identity);
  }

  #write(line: Buffer): void {
    if (this.#broken !== undefined) throw directoryError(join(this.#dir, FILE), this.#broken);
    try {
      this.#writeBytes(this.#descriptor, line);
    } catch (error) {
      // Part of the line may be there: what follows it would make it damage in the middle.
      try {
        ftruncateSync(this.#descriptor, this.#bytes);
      } catch (cause) {
        this.#broken = cause;
      }
      throw directoryError(join(this.#dir, FILE), error);
    }
    this.#bytes += line.length;
  }

  /** The change is in the journal already: that the old part could not be dropped does not undo it. */
  #tryCompact(resourceVersion: number): void {
    try {
      this.#compact(resourceVersion);
      this.#compactAtBytes = MIN_COMPACTION_BYTES;
    } catch (error) {
      this.#compactAtBytes = 2 * this.#bytes;
      this.#onProblem(error);
    }
  }

  #compact(resourceVersion: number): void {
    const file = join(this.#dir, FILE);
    const temporary = `${file}.tmp`;
    const descriptor = openSync(temporary, 'w', 0o600);
    let bytes = 0;
    try {
      const write = (line: Buffer) => {
        this.#writeBytes(descriptor, line);
        bytes += line.length;
      };
      write(headerLine(resourceVersion));
      for (const { key, object } of this.#live.values()) write(putLine(key, object));
      fsyncSync(descriptor);
      renameSync(temporary, file);
    } catch (error) {
      closeSync(descriptor);
      throw error;
    }
    closeSync(this.#descriptor);
    this.#descriptor = descriptor;
    this.#bytes = bytes;
  }
}

/** An object that exists, and the size of its JSON. */
interface LiveObject {
  readonly key: string;
  readonly object: KubernetesObject;
  readonly bytes: number;
}

const EMPTY: JournalState = { resourceVersion: 1, objects: new Map() };

function headerLine(resourceVersion: number): Buffer {
  return Buffer.from(`${JSON.stringify({ format: FORMAT, resourceVersion })}\n`);
}

function putLine(key: string, object: KubernetesObject): Buffer {
  return Buffer.concat([
    Buffer.from(`{"key":${JSON.stringify(key)},"put":`),
    encodedObject(object),
    Buffer.from('}\n'),
  ]);
}

function writeWhole(descriptor: number, bytes: Buffer): void {
  for (let written = 0; written < bytes.length; ) {
    written += writeSync(descriptor, bytes, written, bytes.length - written);
  }
}

function readIfThere(file: string): Buffer | undefined {
  try {
    return readFileSync(file);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw directoryError(file, error);
  }
}

/** Reads whole lines; `length` is where the last of them ends. */
function parse(file: string, bytes: Buffer): { readonly state: JournalState; readonly length: number } {
  const objects = new Map<string, readonly [string, KubernetesObject]>();
  let resourceVersion = 1;
  let start = 0;
  for (let line = 1, end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, start), line += 1) {
    const entry = parseLine(file, line, bytes.subarray(start, end));
    if (line === 1) resourceVersion = headerVersion(file, entry);
    else resourceVersion = Math.max(resourceVersion, apply(file, line, entry, objects));
    start = end + 1;
  }
  return { state: { resourceVersion, objects }, length: start };
}

function parseLine(file: string, line: number, bytes: Buffer): Readonly<Record<string, unknown>> {
  let cause: unknown;
  try {
    const entry: unknown = JSON.parse(bytes.toString());
    if (isJsonObject(entry)) return entry;
  } catch (error) {
    cause = error;
  }
  throw damaged(file, line, 'not a JSON object', cause);
}

function headerVersion(file: string, header: Readonly<Record<string, unknown>>): number {
  if (header.format !== FORMAT) throw damaged(file, 1, `the format is not ${FORMAT}`);
  if (typeof header.resourceVersion !== 'number') throw damaged(file, 1, 'no resourceVersion');
  return header.resourceVersion;
}

function apply(
  file: string,
  line: number,
  entry: Readonly<Record<string, unknown>>,
  objects: Map<string, readonly [string, KubernetesObject]>,
): number {
  const { key, put, delete: removed } = entry;
  if (typeof key === 'string' && isJsonObject(put) && isJsonObject(put.metadata)) {
    const { namespace = '', name, resourceVersion } = put.metadata;
    objects.set(`${key}/${String(namespace)}/${String(name)}`, [key, put as unknown as KubernetesObject]);
    return Number(resourceVersion);
  }
  if (isJsonObject(removed)) {
    objects.delete(`${String(removed.key)}/${String(removed.namespace)}/${String(removed.name)}`);
    return Number(removed.resourceVersion);
  }
  throw damaged(file, line, 'neither put nor delete');
}

function damaged(file: string, line: number, detail: string, cause?: unknown): Error {
  return rynxsError('RYNXS_DEV_CLUSTER_DAMAGED', { file, line, detail }, { cause });
}
