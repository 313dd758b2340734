import type { Batch } from '../../../contracts/event-store.js';
import { BreakableStore, type Broken, SharedStore } from './breakable-store.js';

export const BROKEN_RACES: Readonly<Record<string, Broken>> = {
  'refuses a second writer, and takes it after the first has closed': SharedStore,
  'lets one of two writers win each place': class extends SharedStore {
    override async append(batch: Batch): Promise<void> {
      this.put(batch);
    }
  },
  'opens for one of 32 writers, whom those that were refused do not disturb': class extends BreakableStore {
    override async close(): Promise<void> {
      this.storage.owner = undefined;
      return super.close();
    }
  },
  'lets one of 32 writers win each place': class extends SharedStore {
    override async append(batch: Batch, signal: AbortSignal): Promise<void> {
      const { nextSeq } = await this.head(signal);
      if (nextSeq !== batch.firstSeq) return super.append(batch, signal);
      this.put(batch);
    }
  },
};
