import type { Batch, OpenedStore, StoreErrorCode, StoreHead } from '../../../contracts/event-store.js';
import { BreakableStore, type Broken } from './breakable-store.js';

export const BROKEN_OPENING: Readonly<Record<string, Broken>> = {
  'opens empty where nothing is': class extends BreakableStore {
    override async open(signal: AbortSignal): Promise<OpenedStore> {
      const { head, droppedTails } = await super.open(signal);
      return { head: { ...head, hash: head.hash ?? '0'.repeat(64) }, droppedTails };
    }
  },
  'is read as empty before anyone has opened it': class extends BreakableStore {
    override async head(signal: AbortSignal): Promise<StoreHead> {
      if (this.storage.owner === undefined) throw new Error('there is no log');
      return super.head(signal);
    }
  },
  'holds after closing and opening again what was appended': class extends BreakableStore {
    override async open(signal: AbortSignal): Promise<OpenedStore> {
      this.storage.commits.length = 0;
      return super.open(signal);
    }
  },
  'goes on after closing and opening again': class extends BreakableStore {
    override async close(): Promise<void> {
      if (this.storage.commits.length === 3) this.storage.commits.pop();
      return super.close();
    }
  },
  'tells the head to an instance that did not open it': class extends BreakableStore {
    #head: StoreHead | undefined;
    override async head(signal: AbortSignal): Promise<StoreHead> {
      this.#head ??= await super.head(signal);
      return this.#head;
    }
  },
  'names its place without credentials': class extends BreakableStore {
    override readonly location = 's3://key:secret@bucket/';
  },
  'knows nothing about errors of others': class extends BreakableStore {
    override errorCode(): StoreErrorCode {
      return 'unavailable';
    }
  },
  'stays the same when opened and closed without appending': class extends BreakableStore {
    #hasAppended = false;
    override append(batch: Batch, signal: AbortSignal): Promise<void> {
      this.#hasAppended = true;
      return super.append(batch, signal);
    }
    override async close(): Promise<void> {
      if (!this.#hasAppended) this.storage.commits.pop();
      return super.close();
    }
  },
};
