import { type Broken, SharedStore } from './breakable-store.js';

export const BROKEN_PROBING: Readonly<Record<string, Broken>> = {
  'lets one racer win, time after time, and leaves the log as it was': class extends SharedStore {
    override async createObject(name: string, bytes: Uint8Array): Promise<void> {
      this.storage.objects.set(name, Buffer.from(bytes));
    }
  },
};
