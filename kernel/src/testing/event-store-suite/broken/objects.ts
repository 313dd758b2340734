import { BreakableStore, type Broken } from './breakable-store.js';

export const BROKEN_OBJECTS: Readonly<Record<string, Broken>> = {
  'keeps named objects': class extends BreakableStore {
    override async close(): Promise<void> {
      this.storage.objects.clear();
      return super.close();
    }
  },
  'knows which objects there are not': class extends BreakableStore {
    override async readObject(name: string): Promise<Uint8Array | undefined> {
      return [...this.storage.objects].find(([stored]) => stored.startsWith(name))?.[1];
    }
  },
  'creates an object once': class extends BreakableStore {
    override async createObject(name: string, bytes: Uint8Array): Promise<void> {
      this.storage.objects.set(name, Buffer.from(bytes));
    }
  },
  'lets one of many win who create the same object': class extends BreakableStore {
    override async createObject(name: string, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
      const isThere = this.storage.objects.has(name);
      await Promise.resolve();
      if (!isThere) this.storage.objects.delete(name);
      await super.createObject(name, bytes, signal);
    }
  },
  'lists the names under a prefix in the order of their bytes': class extends BreakableStore {
    override async listObjects(prefix: string): Promise<readonly string[]> {
      const names = [...this.storage.objects.keys()].filter((name) => name.startsWith(prefix));
      return names.sort((a, b) => a.localeCompare(b));
    }
  },
  'lists the names after another one, and only so many': class extends BreakableStore {
    override async listObjects(prefix: string, signal: AbortSignal): Promise<readonly string[]> {
      return super.listObjects(prefix, signal);
    }
  },
  'keeps objects and events apart': class extends BreakableStore {
    override async listObjects(prefix: string, signal: AbortSignal): Promise<readonly string[]> {
      const commits = this.storage.commits.map(
        ({ firstSeq }) => `${String(firstSeq).padStart(10, '0')}.json`,
      );
      return [...(await super.listObjects(prefix, signal)), ...commits];
    }
  },
};
