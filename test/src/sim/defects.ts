import type { Batch, EventStore } from '@rynxs/kernel';
import { encodeCommit, type LogEvent, parseRecord, ZERO_HASH } from '@rynxs/log';
import { type ObjectStorage, ObjectStorageError } from '@rynxs/store-s3';
import type { Defect } from './world.js';

const COMMIT_KEY = /\/\d{10}\.json$/;
/** What the keys of commits begin with, and no others, in logs of less than a thousand million events. */
const COMMITS = 'events/0';

/**
 * One way to break each rule that the fence between writers stands on. What breaks it is put around the real parts, so
 * that the tests can show that the simulation would notice.
 */
export const DEFECTS: Readonly<Record<string, Defect>> = {
  'a server that ignores If-None-Match': {
    bucket: (bucket) => {
      bucket.ignoresCondition = () => true;
    },
  },
  'a term that begins without compare-and-set': {
    bucket: (bucket) => {
      bucket.ignoresCondition = (bytes) => bytes.includes('"type":"EpochStarted"');
    },
  },
  'a bucket that loses its newest object': {
    eachSecond: (bucket, random) => {
      const last = bucket.list({ prefix: COMMITS, limit: 1_000 }).objects.at(-1);
      if (last !== undefined && random.next() < 0.1) bucket.delete(last.key);
    },
  },
  'a lifecycle rule that expires originals': {
    eachSecond: (bucket, random) => {
      const { objects } = bucket.list({ prefix: COMMITS, limit: 1_000 });
      const first = objects[Math.floor(random.next() * objects.length)];
      if (first !== undefined && random.next() < 0.1) bucket.delete(first.key);
    },
  },
  'listings that lag behind': {
    storage: (storage) =>
      around(storage, {
        list: async (query, signal) => {
          const listing = await storage.list(query, signal);
          const newest = listing.objects.findLast(({ key }) => COMMIT_KEY.test(key));
          return { ...listing, objects: listing.objects.filter((object) => object !== newest) };
        },
      }),
  },
  'reads that do not see what was just created': {
    storage: (storage) => {
      const seen = new Set<string>();
      return around(storage, {
        get: async (key, maxBytes, signal) => {
          const bytes = await storage.get(key, maxBytes, signal);
          const isFirstTime = !seen.has(key);
          seen.add(key);
          return isFirstTime ? undefined : bytes;
        },
      });
    },
  },
  '412 taken for success': {
    storage: (storage) =>
      puttingCommits(storage, (put) =>
        put().catch((error: unknown) => {
          if (!isOfKind(error, 'exists')) throw error;
        }),
      ),
  },
  'an answer that says nothing taken for a failure': {
    storage: (storage) =>
      puttingCommits(storage, (put) =>
        put().catch((error: unknown) => {
          if (!isOfKind(error, 'ambiguous')) throw error;
          throw new ObjectStorageError('denied', 'taken for a failure', true);
        }),
      ),
  },
  'an acknowledgement before the answer': {
    storage: (storage) =>
      puttingCommits(storage, async (put) => {
        put().catch(() => undefined);
      }),
  },
  'a writer that goes on behind a collision': {
    store: (store) => new RebasingStore(store),
  },
};

/**
 * Other bytes for a place whose commit was never settled. It takes a silence of 30 s at the wrong moment, which few seeds
 * bring about: the test that fails every request in turn shows it.
 */
export const FORGETS_THE_UNSETTLED: Defect = {
  store: (store, reopen) => new ForgetfulStore(store, reopen),
};

function isOfKind(error: unknown, kind: ObjectStorageError['kind']): boolean {
  return error instanceof ObjectStorageError && error.kind === kind;
}

/** `storage` that creates commits in its own way; a probe of the store would notice at once if it did all like that. */
function puttingCommits(
  storage: ObjectStorage,
  create: (put: () => Promise<void>) => Promise<void>,
): ObjectStorage {
  return around(storage, {
    putIfAbsent: (key, bytes, signal) => {
      const put = (): Promise<void> => storage.putIfAbsent(key, bytes, signal);
      return COMMIT_KEY.test(key) ? create(put) : put();
    },
  });
}

/** `storage` with some of its methods replaced. */
function around(storage: ObjectStorage, replaced: Partial<ObjectStorage>): ObjectStorage {
  return {
    location: storage.location,
    server: storage.server,
    putIfAbsent: (key, bytes, signal) => storage.putIfAbsent(key, bytes, signal),
    get: (key, maxBytes, signal) => storage.get(key, maxBytes, signal),
    list: (query, signal) => storage.list(query, signal),
    close: () => storage.close(),
    ...replaced,
  };
}

/** An event store around another one. */
abstract class StoreAround implements EventStore {
  protected store: EventStore;

  constructor(store: EventStore) {
    this.store = store;
  }

  abstract append(batch: Batch, signal: AbortSignal): Promise<void>;

  get location(): string {
    return this.store.location;
  }

  open: EventStore['open'] = (signal, options) => this.store.open(signal, options);
  read: EventStore['read'] = (fromSeq, signal) => this.store.read(fromSeq, signal);
  head: EventStore['head'] = (signal) => this.store.head(signal);
  createObject: EventStore['createObject'] = (name, bytes, signal) =>
    this.store.createObject(name, bytes, signal);
  readObject: EventStore['readObject'] = (name, signal) => this.store.readObject(name, signal);
  listObjects: EventStore['listObjects'] = (prefix, signal, options) =>
    this.store.listObjects(prefix, signal, options);
  close: EventStore['close'] = () => this.store.close();

  errorCode(error: unknown): ReturnType<EventStore['errorCode']> {
    return this.store.errorCode(error);
  }
}

/** When a commit cannot be settled it is given up for failed, and its writer is not ended. */
class ForgetfulStore extends StoreAround {
  readonly #reopen: () => EventStore;
  readonly #forgotten = new WeakSet<object>();

  constructor(store: EventStore, reopen: () => EventStore) {
    super(store);
    this.#reopen = reopen;
  }

  override async append(batch: Batch, signal: AbortSignal): Promise<void> {
    try {
      await this.store.append(batch, signal);
    } catch (error) {
      if (this.store.errorCode(error) !== 'ambiguous') throw error;
      this.store = this.#reopen();
      await this.store.open(new AbortController().signal);
      const failed = new Error('given up', { cause: error });
      this.#forgotten.add(failed);
      throw failed;
    }
  }

  override errorCode(error: unknown): ReturnType<EventStore['errorCode']> {
    return this.#forgotten.has(error as object) ? 'unavailable' : this.store.errorCode(error);
  }
}

/** Where another writer was faster, the same events are written behind what it has written. */
class RebasingStore extends StoreAround {
  override async append(batch: Batch, signal: AbortSignal): Promise<void> {
    try {
      await this.store.append(batch, signal);
    } catch (error) {
      if (this.store.errorCode(error) !== 'conflict') throw error;
      const { nextSeq, hash } = await this.store.head(signal);
      await this.store.append(encodeCommit(movedTo(nextSeq, batch), hash ?? ZERO_HASH), signal);
    }
  }
}

function movedTo(seq: number, { bytes }: Batch): readonly LogEvent[] {
  const lines = Buffer.from(bytes).toString().trimEnd().split('\n');
  return lines.map((line, index) => ({
    ...(parseRecord(Buffer.from(line)).event as LogEvent),
    seq: seq + index,
  }));
}
