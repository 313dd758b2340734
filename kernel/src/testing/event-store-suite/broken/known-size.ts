import type { OpenedStore, OpenOptions } from '../../../contracts/event-store.js';
import { BreakableStore, type Broken } from './breakable-store.js';

export const BROKEN_KNOWN_SIZE: Readonly<Record<string, Broken>> = {
  'takes a torn commit for damage when it was known to be whole, and changes nothing then': class extends BreakableStore {
    override async open(signal: AbortSignal): Promise<OpenedStore> {
      return super.open(signal);
    }
  },
  'takes a last commit that does not verify for damage when it was known to be whole': class extends BreakableStore {
    override async open(signal: AbortSignal): Promise<OpenedStore> {
      const last = this.storage.commits.pop();
      const opened = await super.open(signal);
      if (last !== undefined) this.put(last);
      return opened;
    }
  },
  'says where it ends when more was known, and leaves the judgement to the caller': class extends BreakableStore {
    override async open(signal: AbortSignal, options: OpenOptions = {}): Promise<OpenedStore> {
      const opened = await super.open(signal, options);
      if (opened.head.nextSeq < (options.knownSize ?? 0)) throw new Error('records are missing');
      return opened;
    }
  },
  'opens as ever when all that was known is there': class extends BreakableStore {
    override async open(signal: AbortSignal, options: OpenOptions = {}): Promise<OpenedStore> {
      const opened = await super.open(signal, options);
      const { knownSize = opened.head.nextSeq } = options;
      if (opened.head.nextSeq !== knownSize) throw new Error('it has another size');
      return opened;
    }
  },
};
