import { BreakableStore, type Broken } from './breakable-store.js';

const LF = 0x0a;

export const BROKEN_TRAILING: Readonly<Record<string, Broken>> = {
  'shows what stands behind the last whole commit, until it was moved aside': class extends BreakableStore {
    override async trailing(signal: AbortSignal): Promise<Uint8Array> {
      const bytes = Buffer.from(await super.trailing(signal));
      return bytes.subarray(0, bytes.lastIndexOf(LF) + 1);
    }
  },
  'shows the beginning of what stands behind when it is too long for a commit, or leaves it to reading': class extends BreakableStore {
    override async trailing(): Promise<Uint8Array> {
      return this.storage.torn;
    }
  },
  'shows nothing behind whole commits, and nothing where nothing is': class extends BreakableStore {
    override async trailing(): Promise<Uint8Array> {
      return this.storage.commits.at(-1)?.bytes ?? this.storage.torn;
    }
  },
};
