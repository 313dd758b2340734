import type { Batch, OpenedStore, StoreHead } from '../../../contracts/event-store.js';
import { MemoryEventStore } from '../memory-event-store.js';
import { BreakableStore, type Broken } from './breakable-store.js';

const LF = 0x0a;

export const BROKEN_ABORTING: Readonly<Record<string, Broken>> = {
  'heeds a signal that has aborted, and does nothing then': class extends BreakableStore {
    override append(batch: Batch): Promise<void> {
      return super.append(batch, new AbortController().signal);
    }
  },
  'stops reading when the signal aborts': class extends BreakableStore {
    override read(fromSeq: number): AsyncGenerator<Uint8Array> {
      return super.read(fromSeq, new AbortController().signal);
    }
  },
  'has all or nothing of an append that was aborted half-way, and takes the same bytes again': class extends BreakableStore {
    override async append(batch: Batch, signal: AbortSignal): Promise<void> {
      const half = batch.bytes.subarray(0, batch.bytes.lastIndexOf(LF, -2) + 1);
      this.put({ ...batch, bytes: half });
      await new Promise(setImmediate);
      signal.throwIfAborted();
      this.storage.commits.pop();
      await super.append(batch, signal);
    }
  },
  'can be opened anew after opening was aborted half-way': class extends BreakableStore {
    override async open(signal: AbortSignal): Promise<OpenedStore> {
      const opened = await super.open(signal);
      await new Promise(setImmediate);
      if (signal.aborted) this.storage.owner = new MemoryEventStore(this.storage);
      signal.throwIfAborted();
      return opened;
    }
  },
  'goes on after reading, listing and asking were aborted half-way': class extends BreakableStore {
    #isBusy = false;
    override async head(signal: AbortSignal): Promise<StoreHead> {
      if (this.#isBusy) throw new Error('another one is asking');
      this.#isBusy = true;
      await new Promise(setImmediate);
      signal.throwIfAborted();
      this.#isBusy = false;
      return super.head(signal);
    }
  },
  'has all or nothing of an object whose creation was aborted half-way': class extends BreakableStore {
    override async createObject(name: string, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
      await super.createObject(name, bytes.subarray(1), signal);
      await new Promise(setImmediate);
      signal.throwIfAborted();
      this.storage.objects.set(name, Buffer.from(bytes));
    }
  },
  'stops reading when the signal aborts while the next chunk is awaited': class extends BreakableStore {
    override async *read(fromSeq: number, signal: AbortSignal): AsyncGenerator<Uint8Array> {
      signal.throwIfAborted();
      for await (const chunk of super.read(fromSeq, new AbortController().signal)) {
        await new Promise(setImmediate);
        yield chunk;
      }
    }
  },
};
