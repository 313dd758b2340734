import type { Batch, OpenedStore } from '../../../contracts/event-store.js';
import { TORN_TAILS } from '../cases/recovery.js';
import { BreakableStore, type Broken } from './breakable-store.js';

const LF = 0x0a;

const ForgetsTornTails: Broken = class extends BreakableStore {
  override async open(signal: AbortSignal): Promise<OpenedStore> {
    this.storage.torn = Buffer.alloc(0);
    return super.open(signal);
  }
};

export const BROKEN_RECOVERY: Readonly<Record<string, Broken>> = {
  'moves aside a commit that was cut at or beside any end of a record': class extends BreakableStore {
    override async open(signal: AbortSignal): Promise<OpenedStore> {
      if (this.storage.torn.at(-1) !== LF) return super.open(signal);
      this.put({ firstSeq: 2, count: 1, bytes: this.storage.torn });
      this.storage.torn = Buffer.alloc(0);
      return super.open(signal);
    }
  },
  ...Object.fromEntries(
    Object.keys(TORN_TAILS).map((what) => [`moves aside ${what} after the last commit`, ForgetsTornTails]),
  ),
  'reads up to the last whole commit before anyone has moved a torn one aside': class extends BreakableStore {
    override async *read(fromSeq: number, signal: AbortSignal): AsyncGenerator<Uint8Array> {
      yield* super.read(fromSeq, signal);
      yield this.storage.torn;
    }
  },
  'tells of a torn commit until its place is taken': class extends BreakableStore {
    override async close(): Promise<void> {
      this.storage.droppedTails = [];
      return super.close();
    }
  },
  'tells of every torn commit when one place was torn again': class extends BreakableStore {
    override async open(signal: AbortSignal): Promise<OpenedStore> {
      const { head, droppedTails } = await super.open(signal);
      return { head, droppedTails: droppedTails.slice(-1) };
    }
  },
  'goes on after a torn commit': class extends BreakableStore {
    override append(batch: Batch, signal: AbortSignal): Promise<void> {
      const torn = this.storage.droppedTails.length > 0 ? Buffer.alloc(1_500) : Buffer.alloc(0);
      return this.appendOther(batch, signal, (bytes) => Buffer.concat([torn, bytes]));
    }
  },
  'recovers when nothing but a torn commit is there': class extends BreakableStore {
    override async open(signal: AbortSignal): Promise<OpenedStore> {
      if (this.storage.commits.length === 0 && this.storage.torn.length > 0) throw new Error('no commit');
      return super.open(signal);
    }
  },
  'never hides damage before the last commit, and changes nothing then': class extends BreakableStore {
    override async open(signal: AbortSignal): Promise<OpenedStore> {
      return super.open(signal).catch((error: unknown) => {
        if (this.errorCode(error) !== 'damaged') throw error;
        this.storage.commits.splice(1);
        return super.open(signal);
      });
    }
  },
  'refuses damage before the last commit rather than moving a torn one aside': class extends BreakableStore {
    override async open(signal: AbortSignal): Promise<OpenedStore> {
      if (this.storage.torn.length > 0) this.storage.commits.splice(1);
      return super.open(signal);
    }
  },
};
