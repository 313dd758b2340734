import {
  type Listing,
  type ListQuery,
  type ObjectStorage,
  ObjectStorageError,
  type ObjectStorageErrorKind,
} from '@rynxs/store-s3';
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

/** One arrival of a request at the server. */
export interface Delivery {
  readonly afterMs: number;
  /** `fails` answers 500 and does nothing, `serves_and_fails` does it and answers 500. */
  readonly server: 'serves' | 'fails' | 'serves_and_fails';
  /** How long the answer takes; undefined when it is lost. */
  readonly answerMs: number | undefined;
}

/** What becomes of a request. The client takes the first answer that reaches it, and waits no longer than its time-out. */
export interface Fate {
  /** Refused, and nothing is done: by the server (409, 503), or because there is no connection. */
  readonly refusedAs?: 'unavailable' | 'throttled' | 'in_progress';
  readonly deliveries: readonly Delivery[];
  /** The connection breaks so long after sending, whatever becomes of the deliveries. */
  readonly resetMs?: number;
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

type Answer<T> = { readonly value: T } | { readonly failure: ObjectStorageError };

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
    const exchange = new Exchange<T>(request, network, this.#process);
    exchange.send(network.fateOf(request), serve);
    const onAbort = (): void => exchange.end({ reason: signal.reason });
    const onClose = (): void => exchange.end({ failure: silence(kind, 'the storage was closed') });
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

/** One request and the answer that its process takes for it. */
class Exchange<T> {
  readonly answer: Promise<T>;
  readonly #request: StorageRequest;
  readonly #network: Network;
  readonly #process: SimulatedProcess;
  readonly #settle: { resolve: (value: T) => void; reject: (reason: unknown) => void };
  readonly #timeout: Disposable;
  #hasEnded = false;

  constructor(request: StorageRequest, network: Network, process: SimulatedProcess) {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    this.answer = promise;
    this.#settle = { resolve, reject };
    this.#request = request;
    this.#network = network;
    this.#process = process;
    const late = { failure: silence(request.kind, `no answer within ${REQUEST_TIMEOUT_MS} ms`) };
    this.#timeout = process.clock.schedule(REQUEST_TIMEOUT_MS, () => this.end(late, 'timed out'));
  }

  send(fate: Fate, serve: () => Answer<T>): void {
    const { scheduler } = this.#network;
    const { kind } = this.#request;
    this.#trace('sent');
    const { refusedAs, deliveries, resetMs } = fate;
    if (refusedAs !== undefined)
      this.#answerIn(1, { failure: failureOf(refusedAs, `made to be ${refusedAs}`) });
    for (const { afterMs, server, answerMs } of deliveries) {
      scheduler.schedule(afterMs, () => {
        const served = server === 'fails' ? undefined : serve();
        const answer =
          server === 'serves' && served !== undefined
            ? served
            : { failure: silence(kind, '500 Internal Error', true) };
        this.#trace(`arrived: ${server}, ${inWords(served)}`);
        if (answerMs !== undefined) this.#answerIn(answerMs, answer);
      });
    }
    if (resetMs !== undefined) this.#answerIn(resetMs, { failure: silence(kind, 'connection reset') });
  }

  /** Ends the exchange for the process; a second end changes nothing. */
  end(outcome: Answer<T> | { readonly reason: unknown }, how = 'given up'): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#timeout[Symbol.dispose]();
    this.#trace(how);
    if ('value' in outcome) this.#settle.resolve(outcome.value);
    else this.#settle.reject('failure' in outcome ? outcome.failure : outcome.reason);
  }

  #answerIn(ms: number, answer: Answer<T>): void {
    this.#network.scheduler.schedule(ms, () => {
      this.#process.deliver(() => this.end(answer, `answered: ${inWords(answer)}`));
    });
  }

  #trace(what: string): void {
    const { index, process, kind, key } = this.#request;
    this.#network.trace(`#${index} ${process} ${kind} ${key}: ${what}`);
  }
}

/** What is known when the answer says nothing: of a read, that it failed. */
function silence(kind: StorageRequest['kind'], detail: string, answered = false): ObjectStorageError {
  return failureOf(kind === 'put' ? 'ambiguous' : 'unavailable', detail, answered);
}

function failureOf(
  kind: ObjectStorageErrorKind,
  detail: string,
  answered = kind !== 'unavailable',
): ObjectStorageError {
  return new ObjectStorageError(kind, detail, answered);
}

function inWords(answer: Answer<unknown> | undefined): string {
  if (answer === undefined) return 'nothing done';
  if ('failure' in answer) return answer.failure.kind;
  const { value } = answer;
  if (value === undefined) return 'ok';
  return value instanceof Uint8Array ? `${value.length} bytes` : `${(value as Listing).objects.length} keys`;
}
