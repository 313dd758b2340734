import type { Batch } from '../../../contracts/event-store.js';
import { BreakableStore, type Broken } from './breakable-store.js';

const AppendsAnything: Broken = class extends BreakableStore {
  override async append(batch: Batch): Promise<void> {
    this.put(batch);
  }
};

export const BROKEN_APPENDING: Readonly<Record<string, Broken>> = {
  'returns what was appended, byte for byte': class extends BreakableStore {
    override append(batch: Batch, signal: AbortSignal): Promise<void> {
      return this.appendOther(batch, signal, (bytes) => bytes.subarray(0, -1));
    }
  },
  'refuses a batch that is not the next one, and writes nothing of it': AppendsAnything,
  'refuses anything but seq 0 while empty': class extends BreakableStore {
    override async append(batch: Batch, signal: AbortSignal): Promise<void> {
      if (this.storage.commits.length > 0) return super.append(batch, signal);
      this.put(batch);
    }
  },
  'does not keep the memory of a batch': class extends BreakableStore {
    override append(batch: Batch, signal: AbortSignal): Promise<void> {
      const { buffer, byteOffset, byteLength } = batch.bytes;
      return this.appendOther(batch, signal, () => Buffer.from(buffer, byteOffset, byteLength));
    }
  },
  'does not change the memory of a batch': class extends BreakableStore {
    override async append(batch: Batch, signal: AbortSignal): Promise<void> {
      await super.append(batch, signal);
      batch.bytes.fill(0);
    }
  },
  'takes bytes that lie in the middle of a larger memory': class extends BreakableStore {
    override append(batch: Batch, signal: AbortSignal): Promise<void> {
      return this.appendOther(batch, signal, () =>
        Buffer.from(batch.bytes.buffer).subarray(0, batch.bytes.length),
      );
    }
  },
  'takes a batch of as many records as there may be, and a record of the largest size': class extends BreakableStore {
    override append(batch: Batch, signal: AbortSignal): Promise<void> {
      if (batch.count >= 1_000) throw new RangeError('too many');
      return super.append(batch, signal);
    }
  },
  'takes text of every Unicode plane': class extends BreakableStore {
    override append(batch: Batch, signal: AbortSignal): Promise<void> {
      return this.appendOther(batch, signal, (bytes) => Buffer.from(bytes.toString('ucs2'), 'latin1'));
    }
  },
  'takes many small commits, which verify': class extends BreakableStore {
    override async append(batch: Batch, signal: AbortSignal): Promise<void> {
      await super.append(batch, signal);
      if (this.storage.commits.length === 128) this.storage.commits.shift();
    }
  },
};
