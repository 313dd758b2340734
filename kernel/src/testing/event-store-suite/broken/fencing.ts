import type { Batch } from '../../../contracts/event-store.js';
import { type Broken, SharedStore } from './breakable-store.js';

export const BROKEN_FENCING: Readonly<Record<string, Broken>> = {
  'refuses a writer that was overtaken, whatever the size of its batch': class extends SharedStore {
    override async append(batch: Batch, signal: AbortSignal): Promise<void> {
      const { nextSeq } = await this.head(signal);
      // Only what is written whole into known room is looked at.
      if (batch.firstSeq + batch.count <= nextSeq || batch.firstSeq === nextSeq)
        return super.append(batch, signal);
      await super.append({ ...batch, firstSeq: nextSeq }, signal);
    }
  },
  "refuses a writer whose batch begins within another one's commit": class extends SharedStore {
    override async append(batch: Batch, signal: AbortSignal): Promise<void> {
      // Only the key of the batch is looked at.
      if (this.storage.commits.some(({ firstSeq }) => firstSeq === batch.firstSeq)) {
        return super.append(batch, signal);
      }
      this.put(batch);
    }
  },
  'lets a writer that was overtaken begin a new term, once it has read what overtook it': class extends SharedStore {
    #nextSeq: number | undefined;
    override async append(batch: Batch, signal: AbortSignal): Promise<void> {
      this.#nextSeq ??= (await this.head(signal)).nextSeq;
      const next = this.#nextSeq === batch.firstSeq ? batch.firstSeq : Number.MAX_SAFE_INTEGER;
      await super.append({ ...batch, firstSeq: next }, signal);
      this.#nextSeq += batch.count;
    }
  },
};
