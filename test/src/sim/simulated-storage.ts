import {
  type Listing,
  type ListQuery,
  type ObjectStorage,
  ObjectStorageError,
  type ObjectStorageErrorKind,
} from '@rynxs/store-s3';
import { type Answer, Exchange, type FailureNames, type Fate } from './exchange.js';
import type { Scheduler } from './scheduler.js';
import type { SimulatedBucket } from './simulated-bucket.js';
import type { SimulatedProcess } from './simulated-process.js';

/** How long a client waits for an answer. */
export const REQUEST_TIMEOUT_MS = 5_000;

export interface StorageRequest {
  /** Counts the requests of all processes, from 0. */
  readonly index: number;
  readonly process: string;
  readonly kind: 'put' | 'get' | 'list';
  /** The key; for a listing what it starts after. */
  readonly key: string;
}

export interface Network {
  readonly scheduler: Scheduler;
  readonly bucket: SimulatedBucket;
  /** Decides what becomes of each request. */
  fateOf(request: StorageRequest): Fate;
  /** Called for what happens, in words. */
  trace(line: string): void;
  /** Requests so far. */
  requests: number;
}

/** Object storage as one process sees it across a network that delays, loses, repeats and reorders. */
export class SimulatedStorage implements ObjectStorage {
  readonly location = 's3://simulated';
  readonly server = 'http://simulated';
  readonly #network: Network;
  readonly #process: SimulatedProcess;
  readonly #closed = new AbortController();

  constructor(network: Network, process: SimulatedProcess) {
    this.#network = network;
    this.#process = process;
  }

  putIfAbsent(key: string, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    const body = Buffer.from(bytes);
    return this.#request('put', key, signal, () =>
      this.#network.bucket.create(key, body)
        ? { value: undefined }
        : { failure: failureOf('exists', `412: ${key} exists`) },
    );
  }

  get(key: string, maxBytes: number, signal: AbortSignal): Promise<Uint8Array | undefined> {
    return this.#request<Uint8Array | undefined>('get', key, signal, () => {
      const stored = this.#network.bucket.get(key);
      if (stored !== undefined && stored.length > maxBytes)
        return { failure: failureOf('too_large', `${key} has ${stored.length} bytes`) };
      return { value: stored === undefined ? undefined : Buffer.from(stored) };
    });
  }

  list(query: ListQuery, signal: AbortSignal): Promise<Listing> {
    const { startAfter = query.prefix } = query;
    return this.#request('list', startAfter, signal, () => ({ value: this.#network.bucket.list(query) }));
  }

  close(): void {
    this.#closed.abort();
  }

  async #request<T>(
    kind: StorageRequest['kind'],
    key: string,
    signal: AbortSignal,
    serve: () => Answer<T>,
  ): Promise<T> {
    signal.throwIfAborted();
    if (this.#closed.signal.aborted) throw failureOf('unavailable', 'the storage was closed');
    const network = this.#network;
    const request = { index: network.requests++, process: this.#process.name, kind, key };
    const exchange = new Exchange<T>({
      scheduler: network.scheduler,
      process: this.#process,
      timeoutMs: REQUEST_TIMEOUT_MS,
      failures: failuresOf(kind),
      trace: (what) => network.trace(`#${request.index} ${request.process} ${kind} ${key}: ${what}`),
    });
    exchange.send(network.fateOf(request), serve);
    const onAbort = (): void => exchange.end({ reason: signal.reason });
    const onClose = (): void =>
      exchange.end({ failure: failuresOf(kind).silence('the storage was closed', false) });
    signal.addEventListener('abort', onAbort, { once: true });
    this.#closed.signal.addEventListener('abort', onClose, { once: true });
    try {
      return await exchange.answer;
    } finally {
      signal.removeEventListener('abort', onAbort);
      this.#closed.signal.removeEventListener('abort', onClose);
    }
  }
}

/** What is known when the answer says nothing: of a read, that it failed. */
function failuresOf(kind: StorageRequest['kind']): FailureNames {
  return {
    silence: (detail, answered) => failureOf(kind === 'put' ? 'ambiguous' : 'unavailable', detail, answered),
    refused: (as) => failureOf(as, `made to be ${as}`),
  };
}

function failureOf(
  kind: ObjectStorageErrorKind,
  detail: string,
  answered = kind !== 'unavailable',
): ObjectStorageError {
  return new ObjectStorageError(kind, detail, answered);
}
