import type { Batch, OpenedStore, OpenOptions, StoreProbe } from '../../../contracts/event-store.js';
import { MemoryEventStore, type MemoryStorage } from '../memory-event-store.js';

export type Broken = new (storage: MemoryStorage) => MemoryEventStore;

/** A memory store whose parts are replaced by wrong ones, to show that a case of the suite can fail. */
export class BreakableStore extends MemoryEventStore {
  constructor(readonly storage: MemoryStorage) {
    super(storage);
  }

  /** Stores other bytes than those of the batch. */
  async appendOther(batch: Batch, signal: AbortSignal, change: (bytes: Buffer) => Buffer): Promise<void> {
    await super.append(batch, signal);
    const last = this.storage.commits.pop();
    if (last !== undefined) this.storage.commits.push({ ...last, bytes: change(last.bytes) });
  }

  /** Puts the batch down without asking whether it is the next one. */
  put({ firstSeq, count, bytes }: Batch): void {
    this.storage.commits.push({ firstSeq, count, bytes: Buffer.from(bytes) });
  }
}

const PROBE = 'probe';

/** The memory store without its lock: compare-and-set alone decides, as in an object store. It works. */
export class SharedStore extends BreakableStore {
  override open(signal: AbortSignal, options?: OpenOptions): Promise<OpenedStore> {
    this.storage.owner = undefined;
    return super.open(signal, options);
  }

  override append(batch: Batch, signal: AbortSignal): Promise<void> {
    this.storage.owner = this;
    return super.append(batch, signal);
  }

  async probe(signal: AbortSignal): Promise<StoreProbe> {
    await this.head(signal);
    const racers = 32;
    const outcomes = await Promise.allSettled(
      Array.from({ length: racers }, () => this.createObject(PROBE, new Uint8Array(0), signal)),
    );
    this.storage.objects.delete(PROBE);
    const winners = outcomes.filter(({ status }) => status === 'fulfilled').length;
    return { racers, winners };
  }
}
