import type { Batch, StoreErrorCode } from '../../../contracts/event-store.js';
import { type Broken, SharedStore } from './breakable-store.js';

const BelievesInSuccess: Broken = class extends SharedStore {
  override async append(batch: Batch, signal: AbortSignal): Promise<void> {
    await super.append(batch, signal).catch((error: unknown) => {
      if (this.errorCode(error) !== 'ambiguous') throw error;
    });
  }
};

export const BROKEN_LOST_ANSWERS: Readonly<Record<string, Broken>> = {
  'settles what was written while its answer was lost, or says that it does not know': class extends SharedStore {
    override errorCode(error: unknown): StoreErrorCode {
      const code = super.errorCode(error);
      return code === 'ambiguous' ? 'unavailable' : code;
    }
  },
  'settles what was unwritten while its answer was lost, or says that it does not know': BelievesInSuccess,
  'has what was written while its answer was lost when it is opened again': class extends SharedStore {
    override async append(batch: Batch, signal: AbortSignal): Promise<void> {
      await super.append(batch, signal).catch((error: unknown) => {
        this.storage.commits.pop();
        throw error;
      });
    }
  },
  'takes other bytes for a conflict, once something was written while its answer was lost': class extends SharedStore {
    override async append(batch: Batch, signal: AbortSignal): Promise<void> {
      const { nextSeq } = await this.head(signal);
      if (batch.firstSeq >= nextSeq) await super.append(batch, signal);
    }
  },
  'takes what another writer has written meanwhile for a conflict, not for its own': class extends SharedStore {
    #inDoubt: number | undefined;
    override async append(batch: Batch, signal: AbortSignal): Promise<void> {
      try {
        await super.append(batch, signal);
      } catch (error) {
        const isOwn = this.errorCode(error) === 'conflict' && this.#inDoubt === batch.firstSeq;
        this.#inDoubt = batch.firstSeq;
        if (!isOwn) throw error;
      }
    }
  },
};
