import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { type EventStore, NoTelemetry, SystemClock } from '@rynxs/kernel';
import { seededRandom } from '@rynxs/kernel/testing';
import { FileEventStore } from '@rynxs/store-file';
import { S3EventStore } from '@rynxs/store-s3';
import { MemoryStorage } from './memory-storage.js';
import type { StoredBytes } from './stored-log.js';

/** A place that a store can be opened over again and again, and whose bytes can be taken and put. */
export interface Place extends Disposable {
  open(): EventStore;
  /** Everything that is stored; not while a store is open for writing. */
  take(): Map<string, Buffer>;
  put(stored: StoredBytes): void;
}

/** A kind of store. */
export interface StoreKind {
  readonly name: string;
  /** Only what is done near the log's end is of interest here. */
  readonly isAboutItsEnd?: boolean;
  place(): Place;
}

/** Segments so small that a log of this study has some. */
const SEGMENT_BYTES = 32_768;
const WHOLE_LOG_BYTES = 67_108_864;
/** Not part of the log: the lock, and who holds it. */
const LOCK = /^operator-events\.lock/;

export const STORE_KINDS: readonly StoreKind[] = [
  { name: 'files', place: () => new Directory(SEGMENT_BYTES) },
  // What is signed and what is not stand in the same file, whose end may be torn.
  { name: 'a single file', isAboutItsEnd: true, place: () => new Directory(WHOLE_LOG_BYTES) },
  { name: 'bucket', place: () => new Bucket() },
];

class Directory implements Place {
  readonly #path = mkdtempSync(join(tmpdir(), 'rynxs-tamper-'));
  readonly #segmentSize: number;

  constructor(segmentSize: number) {
    this.#segmentSize = segmentSize;
  }

  open(): EventStore {
    return new FileEventStore({ dir: this.#path, segmentSize: this.#segmentSize });
  }

  take(): Map<string, Buffer> {
    const names = readdirSync(this.#path, { recursive: true, encoding: 'utf8' })
      .filter((name) => !LOCK.test(name) && statSync(join(this.#path, name)).isFile())
      .sort();
    return new Map(names.map((name) => [name, readFileSync(join(this.#path, name))]));
  }

  put(stored: StoredBytes): void {
    for (const name of readdirSync(this.#path)) rmSync(join(this.#path, name), { recursive: true });
    for (const [name, bytes] of stored) {
      const path = join(this.#path, name);
      if (relative(this.#path, dirname(path)) !== '') mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, bytes);
    }
  }

  [Symbol.dispose](): void {
    rmSync(this.#path, { recursive: true, force: true });
  }
}

class Bucket implements Place {
  #objects = new Map<string, Buffer>();

  open(): EventStore {
    return new S3EventStore({
      storage: new MemoryStorage(this.#objects),
      prefix: 'events',
      clock: new SystemClock(),
      random: seededRandom(1),
      telemetry: new NoTelemetry(),
    });
  }

  take(): Map<string, Buffer> {
    return new Map([...this.#objects].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  put(stored: StoredBytes): void {
    this.#objects = new Map(stored);
  }

  [Symbol.dispose](): void {}
}
