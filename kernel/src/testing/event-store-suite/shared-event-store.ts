import type {
  Batch,
  OpenedStore,
  OpenOptions,
  StoreErrorCode,
  StoreHead,
} from '../../contracts/event-store.js';
import { MemoryEventStore, type MemoryStorage } from './memory-event-store.js';

class Refused extends Error {
  constructor(readonly storeCode: StoreErrorCode) {
    super(`made to be ${storeCode}`);
  }
}

/** A store in memory that any number of processes may have open, as a bucket, and that fails as a test wants it. */
export class SharedEventStore extends MemoryEventStore {
  /** Everything that was asked of it, by method. */
  readonly calls: string[] = [];
  /** Fails every write: appends and named objects. */
  writes: StoreErrorCode | undefined;
  /** Fails everything that reads. */
  reads: StoreErrorCode | undefined;
  /** Lets an append wait until its signal aborts, after it was carried out or without; undefined answers. */
  hangs: 'written' | 'unwritten' | undefined;
  readonly #shared: MemoryStorage;

  constructor(storage: MemoryStorage) {
    super(storage);
    this.#shared = storage;
  }

  override async open(signal: AbortSignal, options?: OpenOptions): Promise<OpenedStore> {
    this.#called('open', this.reads);
    this.#shared.owner = undefined;
    return super.open(signal, options);
  }

  override async append(batch: Batch, signal: AbortSignal): Promise<void> {
    this.#called('append', this.writes);
    signal.throwIfAborted();
    this.#shared.owner = this;
    if (this.hangs !== 'unwritten') await super.append(batch, signal);
    if (this.hangs === undefined) return;
    await new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => reject(new Refused('ambiguous')), { once: true });
    });
  }

  override async *read(fromSeq: number, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    this.#called('read', this.reads);
    yield* super.read(fromSeq, signal);
  }

  override async head(signal: AbortSignal): Promise<StoreHead> {
    this.#called('head', this.reads);
    return super.head(signal);
  }

  override async createObject(name: string, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    this.#called('createObject', this.writes);
    await super.createObject(name, bytes, signal);
  }

  override errorCode(error: unknown): StoreErrorCode {
    return error instanceof Refused ? error.storeCode : super.errorCode(error);
  }

  #called(method: string, fault: StoreErrorCode | undefined): void {
    this.calls.push(method);
    if (fault !== undefined) throw new Refused(fault);
  }
}
