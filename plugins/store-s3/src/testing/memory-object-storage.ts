import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  type Listing,
  type ListQuery,
  type ObjectStorage,
  ObjectStorageError,
  type ObjectStorageErrorKind,
} from '../object-storage.js';

/** One request, as a bucket sees it. */
export interface SeenRequest {
  readonly method: 'put' | 'get' | 'list';
  /** Key, or for a listing what it starts after. */
  readonly key: string;
}

/** What is to go wrong with a request. */
export interface Fault {
  readonly kind: ObjectStorageErrorKind;
  /** Whether the request is carried out all the same. */
  readonly isCarriedOut?: boolean;
  /** Whether the server has answered; true when absent. */
  readonly answered?: boolean;
}

/** What MemoryObjectStorage instances share. */
export class MemoryBucket {
  readonly objects = new Map<string, Buffer>();
  readonly requests: SeenRequest[] = [];
  /** Asked for each request, in order. */
  fault: (request: SeenRequest) => Fault | undefined = () => undefined;
  #keys: string[] | undefined;

  put(key: string, bytes: Uint8Array): void {
    this.objects.set(key, Buffer.from(bytes));
    this.#keys = undefined;
  }

  delete(key: string): void {
    this.objects.delete(key);
    this.#keys = undefined;
  }

  /** All keys in ascending order. */
  get keys(): readonly string[] {
    this.#keys ??= [...this.objects.keys()].sort();
    return this.#keys;
  }

  count(method: SeenRequest['method']): number {
    return this.requests.filter((request) => request.method === method).length;
  }
}

/** Object storage in memory, which fails as its bucket says. */
export class MemoryObjectStorage implements ObjectStorage {
  readonly location = 's3://memory';
  readonly server = 'http://memory';
  readonly #bucket: MemoryBucket;
  #isClosed = false;

  constructor(bucket: MemoryBucket) {
    this.#bucket = bucket;
  }

  putIfAbsent(key: string, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    return this.#request({ method: 'put', key }, signal, () => {
      if (this.#bucket.objects.has(key)) throw new ObjectStorageError('exists', `${key} exists`, true);
      this.#bucket.put(key, bytes);
    });
  }

  get(key: string, maxBytes: number, signal: AbortSignal): Promise<Uint8Array | undefined> {
    return this.#request({ method: 'get', key }, signal, () => {
      const bytes = this.#bucket.objects.get(key);
      if (bytes === undefined) return undefined;
      if (bytes.length > maxBytes) throw new ObjectStorageError('too_large', `${key} is too large`, true);
      return Uint8Array.from(bytes);
    });
  }

  list({ prefix, startAfter = '', limit }: ListQuery, signal: AbortSignal): Promise<Listing> {
    return this.#request({ method: 'list', key: startAfter }, signal, () => {
      const keys = this.#bucket.keys.filter((key) => key.startsWith(prefix) && key > startAfter);
      const objects = keys
        .slice(0, limit)
        .map((key) => ({ key, size: this.#bucket.objects.get(key)?.length ?? 0 }));
      return { objects, isTruncated: keys.length > limit };
    });
  }

  close(): void {
    this.#isClosed = true;
  }

  async #request<T>(request: SeenRequest, signal: AbortSignal, carryOut: () => T): Promise<T> {
    signal.throwIfAborted();
    this.#bucket.requests.push(request);
    const fault = this.#isClosed
      ? ({ kind: 'unavailable', answered: false } as const)
      : this.#bucket.fault(request);
    await nextTurn();
    const failed = (): ObjectStorageError =>
      new ObjectStorageError(fault?.kind ?? 'other', `${fault?.kind} as told`, fault?.answered ?? true);
    if (fault !== undefined && fault.isCarriedOut !== true) throw failed();
    const result = carryOut();
    if (fault !== undefined) throw failed();
    await nextTurn();
    signal.throwIfAborted();
    return result;
  }
}
