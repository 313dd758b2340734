import { createHash } from 'node:crypto';
import { ChainVerifier, Damage, recordParts } from '@rynxs/log';
import type {
  Batch,
  DroppedTail,
  EventStore,
  ListOptions,
  OpenedStore,
  OpenOptions,
  StoreErrorCode,
  StoreHead,
} from '../../contracts/event-store.js';
import type { WriteFate } from './harness.js';

const MAX_TRAILING_BYTES = 2_097_152;

/** What memoryEventStore instances share: give the same storage to a second store to reopen it. */
export class MemoryStorage {
  /** The commits, in order. */
  readonly commits: { readonly firstSeq: number; readonly count: number; readonly bytes: Buffer }[] = [];
  readonly objects = new Map<string, Buffer>();
  /** Bytes after the last commit that opening must move aside. */
  torn = Buffer.alloc(0);
  droppedTails: DroppedTail[] = [];
  /** What becomes of the next append, whose answer is lost; undefined when it is answered. */
  lostAnswer: WriteFate | undefined;
  /** The store that has it open for writing. */
  owner: MemoryEventStore | undefined;
}

class MemoryStoreError extends Error {
  override readonly name = 'MemoryStoreError';
  constructor(
    readonly storeCode: StoreErrorCode,
    message: string,
  ) {
    super(message);
  }
}

/**
 * An event store in memory, for tests of what stands above stores: it passes eventStoreSuite. Without `storage` it is
 * empty and its own; stores over one MemoryStorage are processes that share a place.
 */
export function memoryEventStore(storage: MemoryStorage = new MemoryStorage()): EventStore {
  return new MemoryEventStore(storage);
}

/** See memoryEventStore. */
export class MemoryEventStore implements EventStore {
  readonly location: string = 'memory:';
  readonly #storage: MemoryStorage;
  #isClosed = false;

  constructor(storage: MemoryStorage) {
    this.#storage = storage;
  }

  async open(signal: AbortSignal, { knownSize = 0 }: OpenOptions = {}): Promise<OpenedStore> {
    this.#check(signal);
    const storage = this.#storage;
    if (storage.owner !== undefined && storage.owner !== this)
      throw new MemoryStoreError('locked', 'another store over the same storage');
    this.#verify(knownSize);
    storage.owner = this;
    this.#dropTail();
    return { head: this.#head(), droppedTails: [...storage.droppedTails] };
  }

  async append(batch: Batch, signal: AbortSignal): Promise<void> {
    this.#check(signal);
    const storage = this.#storage;
    if (storage.owner !== this) throw new MemoryStoreError('closed', 'the store is not open');
    if (batch.firstSeq !== this.#head().nextSeq) {
      throw new MemoryStoreError('conflict', `seq ${batch.firstSeq} is not the next one`);
    }
    const fate = storage.lostAnswer;
    storage.lostAnswer = undefined;
    if (fate !== 'unwritten') this.#store(batch);
    if (fate !== undefined) throw new MemoryStoreError('ambiguous', 'the answer was lost');
  }

  async *read(fromSeq: number, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    this.#check(signal);
    for (const commit of [...this.#storage.commits]) {
      if (commit.firstSeq + commit.count <= fromSeq) continue;
      this.#check(signal);
      yield Buffer.from(commit.bytes);
    }
  }

  async head(signal: AbortSignal): Promise<StoreHead> {
    this.#check(signal);
    return this.#head();
  }

  async createObject(name: string, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    this.#check(signal);
    const { objects } = this.#storage;
    if (objects.has(name)) throw new MemoryStoreError('conflict', `${name} exists`);
    objects.set(name, Buffer.from(bytes));
  }

  async readObject(name: string, signal: AbortSignal): Promise<Uint8Array | undefined> {
    this.#check(signal);
    const bytes = this.#storage.objects.get(name);
    return bytes === undefined ? undefined : Buffer.from(bytes);
  }

  async listObjects(
    prefix: string,
    signal: AbortSignal,
    { startAfter = '', limit }: ListOptions = {},
  ): Promise<readonly string[]> {
    this.#check(signal);
    const names = [...this.#storage.objects.keys()].filter(
      (name) => name.startsWith(prefix) && name > startAfter,
    );
    return names.sort().slice(0, limit);
  }

  async trailing(signal: AbortSignal): Promise<Uint8Array> {
    this.#check(signal);
    return Buffer.from(this.#storage.torn.subarray(0, MAX_TRAILING_BYTES));
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    if (this.#storage.owner === this) this.#storage.owner = undefined;
  }

  errorCode(error: unknown): StoreErrorCode {
    if (error instanceof MemoryStoreError) return error.storeCode;
    return error instanceof Damage ? 'damaged' : 'unknown';
  }

  #check(signal: AbortSignal): void {
    if (this.#isClosed) throw new MemoryStoreError('closed', 'the store is closed');
    signal.throwIfAborted();
  }

  #store({ firstSeq, count, bytes }: Batch): void {
    const storage = this.#storage;
    storage.commits.push({ firstSeq, count, bytes: Buffer.from(bytes) });
    storage.droppedTails = storage.droppedTails.filter((tail) => tail.seq > firstSeq);
  }

  #head(): StoreHead {
    const last = this.#storage.commits.at(-1);
    if (last === undefined) return { nextSeq: 0, hash: undefined };
    const line = last.bytes.subarray(last.bytes.lastIndexOf('\n', -2) + 1);
    return { nextSeq: last.firstSeq + last.count, hash: recordParts(line)?.hash };
  }

  /** Throws Damage for commits that do not verify, and for a torn one that was known to be whole. */
  #verify(knownSize: number): void {
    const { commits, torn } = this.#storage;
    const verifier = new ChainVerifier();
    for (const { bytes } of commits) verifier.push(bytes);
    const { nextSeq } = verifier.finish();
    if (torn.length === 0 || knownSize <= nextSeq) return;
    verifier.push(torn);
    throw new Damage({
      kind: 'commit_broken',
      seq: nextSeq,
      lastGoodSeq: nextSeq === 0 ? undefined : nextSeq - 1,
      offset: 0,
      detail: `the commit is torn, although the log is known to have had ${knownSize} records`,
    });
  }

  #dropTail(): void {
    const storage = this.#storage;
    if (storage.torn.length === 0) return;
    storage.droppedTails.push({
      seq: this.#head().nextSeq,
      bytes: storage.torn.length,
      sha256: createHash('sha256').update(storage.torn).digest('hex'),
      keptAs: `tail ${storage.droppedTails.length + 1}`,
    });
    storage.torn = Buffer.alloc(0);
  }
}
