import type { Batch, OpenedStore } from '../../../contracts/event-store.js';
import { BreakableStore, type Broken, SharedStore } from './breakable-store.js';

export const BROKEN_LIFECYCLE: Readonly<Record<string, Broken>> = {
  'refuses calls after closing, and closes twice without complaint': class extends BreakableStore {
    override async close(): Promise<void> {
      this.storage.owner = undefined;
    }
  },
  'closes without having been opened': class extends BreakableStore {
    override async close(): Promise<void> {
      if (this.storage.owner !== this) throw new Error('it is not open');
      return super.close();
    }
  },
  'finishes an append that is under way before it closes': class extends BreakableStore {
    override async append(batch: Batch, signal: AbortSignal): Promise<void> {
      if (batch.firstSeq === 0) return super.append(batch, signal);
      setImmediate(() => {
        if (this.storage.owner === this) this.put(batch);
      });
    }
  },
  'lets a new instance go on after a crash, with everything acknowledged': class extends BreakableStore {
    #held: Batch | undefined;
    override async append(batch: Batch, signal: AbortSignal): Promise<void> {
      if (this.#held !== undefined) await super.append(this.#held, signal);
      this.#held = batch;
    }
    override async close(): Promise<void> {
      if (this.#held !== undefined) this.put(this.#held);
      return super.close();
    }
  },
  'gives its place free when it is closed while it opens': class extends BreakableStore {
    override async open(signal: AbortSignal): Promise<OpenedStore> {
      await new Promise(setImmediate);
      if (this.storage.owner !== undefined) throw new Error('somebody has it');
      this.storage.owner = this;
      return { head: await super.head(signal), droppedTails: [] };
    }
    override async close(): Promise<void> {
      if (this.storage.owner === this) await super.close();
    }
  },
  'decides between the last append of a writer that crashed and the first one of its successor': class extends SharedStore {
    override async append(batch: Batch, signal: AbortSignal): Promise<void> {
      const { nextSeq } = await this.head(signal);
      await new Promise(setImmediate);
      if (nextSeq !== batch.firstSeq) return super.append(batch, signal);
      this.put(batch);
    }
  },
};
