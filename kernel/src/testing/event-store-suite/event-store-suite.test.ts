import { expect } from 'chai';
import type {
  Batch,
  EventStore,
  OpenedStore,
  StoreErrorCode,
  StoreHead,
} from '../../contracts/event-store.js';
import { EVENT_STORE_CASES, eventStoreSuite, runEventStoreCase } from './event-store-suite.js';
import type { EventStoreHarness } from './harness.js';
import { MemoryEventStore, MemoryStorage } from './memory-event-store.js';

function harnessOf(make: (storage: MemoryStorage) => EventStore, isExclusive = true): EventStoreHarness {
  const storage = new MemoryStorage();
  return {
    open: () => make(storage),
    isExclusive,
    crash: async (store) => {
      if (storage.owner === store) storage.owner = undefined;
    },
    tear: async (bytes) => {
      storage.torn = Buffer.from(bytes);
    },
    damage: async (offset) => {
      let left = offset;
      for (const { bytes } of storage.commits) {
        if (left < bytes.length) {
          bytes[left] = (bytes[left] ?? 0) ^ 1;
          return;
        }
        left -= bytes.length;
      }
    },
    dispose: async () => {},
  };
}

/** The memory store without its lock: compare-and-set alone decides, as in an object store. */
class SharedStore extends MemoryEventStore {
  constructor(protected readonly storage: MemoryStorage) {
    super(storage);
  }

  override open(signal: AbortSignal): Promise<OpenedStore> {
    this.storage.owner = undefined;
    return super.open(signal);
  }

  override append(batch: Batch, signal: AbortSignal): Promise<void> {
    this.storage.owner = this;
    return super.append(batch, signal);
  }
}

eventStoreSuite({ name: 'memory', create: () => harnessOf((storage) => new MemoryEventStore(storage)) });
eventStoreSuite({
  name: 'memory, shared by writers',
  create: () => harnessOf((storage) => new SharedStore(storage), false),
});

/** A memory store whose parts the tests replace by wrong ones. */
class BreakableStore extends MemoryEventStore {
  constructor(readonly storage: MemoryStorage) {
    super(storage);
  }

  /** Stores other bytes than those of the batch. */
  async appendOther(batch: Batch, signal: AbortSignal, change: (bytes: Buffer) => Buffer): Promise<void> {
    await super.append(batch, signal);
    const last = this.storage.commits.pop();
    if (last !== undefined) this.storage.commits.push({ ...last, bytes: change(last.bytes) });
  }

  /** Puts the batch down without asking whether it is the next one. */
  put({ firstSeq, count, bytes }: Batch): void {
    this.storage.commits.push({ firstSeq, count, bytes: Buffer.from(bytes) });
  }
}

type Broken = new (storage: MemoryStorage) => MemoryEventStore;

const AppendsAnything: Broken = class extends BreakableStore {
  override async append(batch: Batch): Promise<void> {
    this.put(batch);
  }
};

const ForgetsTornTails: Broken = class extends BreakableStore {
  override async open(signal: AbortSignal): Promise<OpenedStore> {
    this.storage.torn = Buffer.alloc(0);
    return super.open(signal);
  }
};

/** For each case a store that does wrong what the case is about. */
const BROKEN: Readonly<Record<string, Broken>> = {
  'opens empty where nothing is': class extends BreakableStore {
    override async open(signal: AbortSignal): Promise<OpenedStore> {
      const { head, droppedTails } = await super.open(signal);
      return { head: { ...head, hash: head.hash ?? '0'.repeat(64) }, droppedTails };
    }
  },
  'is read as empty before anyone has opened it': class extends BreakableStore {
    override async head(signal: AbortSignal): Promise<StoreHead> {
      if (this.storage.owner === undefined) throw new Error('there is no log');
      return super.head(signal);
    }
  },
  'holds after closing and opening again what was appended': class extends BreakableStore {
    override async open(signal: AbortSignal): Promise<OpenedStore> {
      this.storage.commits.length = 0;
      return super.open(signal);
    }
  },
  'goes on after closing and opening again': class extends BreakableStore {
    override async close(): Promise<void> {
      if (this.storage.commits.length === 3) this.storage.commits.pop();
      return super.close();
    }
  },
  'tells the head to an instance that did not open it': class extends BreakableStore {
    #head: StoreHead | undefined;
    override async head(signal: AbortSignal): Promise<StoreHead> {
      this.#head ??= await super.head(signal);
      return this.#head;
    }
  },
  'refuses a second writer, and takes it after the first has closed': SharedStore,
  'lets one of two writers win each place': class extends SharedStore {
    override async append({ firstSeq, count, bytes }: Batch): Promise<void> {
      this.storage.commits.push({ firstSeq, count, bytes: Buffer.from(bytes) });
    }
  },
  'names its place without credentials': class extends BreakableStore {
    override readonly location = 's3://key:secret@bucket/';
  },
  'knows nothing about errors of others': class extends BreakableStore {
    override errorCode(): StoreErrorCode {
      return 'unavailable';
    }
  },
  'stays the same when opened and closed without appending': class extends BreakableStore {
    #hasAppended = false;
    override append(batch: Batch, signal: AbortSignal): Promise<void> {
      this.#hasAppended = true;
      return super.append(batch, signal);
    }
    override async close(): Promise<void> {
      if (!this.#hasAppended) this.storage.commits.pop();
      return super.close();
    }
  },
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
  'takes a batch of the largest size': class extends BreakableStore {
    override append(batch: Batch, signal: AbortSignal): Promise<void> {
      return this.appendOther(batch, signal, (bytes) => bytes.subarray(0, 1_000_000));
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
  'begins with the commit that holds the number asked for': class extends BreakableStore {
    override async *read(fromSeq: number, signal: AbortSignal): AsyncGenerator<Uint8Array> {
      for await (const chunk of super.read(fromSeq, signal)) {
        const lines = Buffer.from(chunk)
          .toString()
          .split(/(?<=\n)/);
        yield Buffer.from(lines.filter((line) => Number(/"seq":(\d+)/.exec(line)?.[1]) >= fromSeq).join(''));
      }
    }
  },
  'finds any number of a long log': class extends BreakableStore {
    override read(fromSeq: number, signal: AbortSignal): AsyncGenerator<Uint8Array> {
      return super.read(fromSeq > 2_000 ? fromSeq - 900 : fromSeq, signal);
    }
  },
  'reads nothing at and beyond the head': class extends BreakableStore {
    override async *read(fromSeq: number, signal: AbortSignal): AsyncGenerator<Uint8Array> {
      const { nextSeq } = await this.head(signal);
      yield* super.read(Math.min(fromSeq, nextSeq - 1), signal);
    }
  },
  "cuts chunks at lines' ends and nowhere else": class extends BreakableStore {
    override async *read(fromSeq: number, signal: AbortSignal): AsyncGenerator<Uint8Array> {
      for await (const chunk of super.read(fromSeq, signal)) {
        for (let at = 0; at < chunk.length; at += 65_536) yield chunk.subarray(at, at + 65_536);
      }
    }
  },
  'leaves a chunk alone once it was given': class extends BreakableStore {
    override async *read(fromSeq: number, signal: AbortSignal): AsyncGenerator<Uint8Array> {
      const memory = Buffer.alloc(1_048_576);
      for await (const chunk of super.read(fromSeq, signal)) {
        memory.set(chunk);
        yield memory.subarray(0, chunk.length);
      }
    }
  },
  'is read by several at once, and by one who stops early': class extends BreakableStore {
    #isReading = false;
    override async *read(fromSeq: number, signal: AbortSignal): AsyncGenerator<Uint8Array> {
      if (this.#isReading) throw new Error('another one is reading');
      this.#isReading = true;
      yield* super.read(fromSeq, signal);
      this.#isReading = false;
    }
  },
  'is read by an instance that did not open it, while another writes': class extends BreakableStore {
    #commits: MemoryStorage['commits'] | undefined;
    override async *read(fromSeq: number): AsyncGenerator<Uint8Array> {
      this.#commits ??= [...this.storage.commits];
      for (const { firstSeq, count, bytes } of this.#commits) if (firstSeq + count > fromSeq) yield bytes;
    }
  },
  'shows whole commits only, and none that is acknowledged too late': class extends BreakableStore {
    override async append(batch: Batch, signal: AbortSignal): Promise<void> {
      const { firstSeq, count, bytes } = batch;
      const half = Buffer.from(bytes.subarray(0, Math.floor(bytes.length / 2)));
      this.storage.commits.push({ firstSeq, count, bytes: half });
      await new Promise(setImmediate);
      this.storage.commits.pop();
      await super.append(batch, signal);
    }
  },
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
  'heeds a signal that has aborted, and does nothing then': class extends BreakableStore {
    override append(batch: Batch): Promise<void> {
      return super.append(batch, new AbortController().signal);
    }
  },
  'stops reading when the signal aborts': class extends BreakableStore {
    override read(fromSeq: number): AsyncGenerator<Uint8Array> {
      return super.read(fromSeq, new AbortController().signal);
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
};

describe('eventStoreSuite', () => {
  const cases = Object.values(EVENT_STORE_CASES).flat();

  it('has a name for each case, once', () => {
    const names = cases.map(({ name }) => name);
    expect(new Set(names).size).to.equal(names.length);
    expect(Object.keys(BROKEN).filter((name) => !names.includes(name))).to.deep.equal([]);
  });

  for (const suiteCase of cases) {
    it(`can fail: ${suiteCase.name}`, async () => {
      const isTornTail = suiteCase.name.startsWith('moves aside ');
      const Store = BROKEN[suiteCase.name] ?? (isTornTail ? ForgetsTornTails : undefined);
      if (Store === undefined) return expect.fail('no store is broken for this case');
      const isExclusive = suiteCase.needs !== 'shared';
      const outcome = await runEventStoreCase(suiteCase, () =>
        harnessOf((storage) => new Store(storage), isExclusive),
      ).then(
        (ran) => (ran ? 'passed' : 'left out'),
        () => 'failed',
      );
      expect(outcome).to.equal('failed');
    });
  }
});
