import { type ObjectStorage, ObjectStorageError } from './object-storage.js';
import type { PutMetrics } from './put-metrics.js';
import { isTransient, MAX_ATTEMPTS, type Pause, type RetryingReads } from './retrying-reads.js';
import { S3StoreError } from './s3-store-error.js';

export interface CreateParts {
  readonly storage: ObjectStorage;
  readonly reads: RetryingReads;
  readonly metrics: PutMetrics;
  readonly pause: Pause;
}

export interface CreateRequest {
  readonly key: string;
  readonly bytes: Uint8Array;
  /** A request with the same bytes was sent before and may have been carried out, or may still be. */
  readonly isInDoubt: boolean;
  /** Whether an object that was there at the first attempt may be ours; otherwise it is another's, without a look. */
  readonly mayBeOwn: boolean;
}

/** Whose bytes stand under the key. */
export type Created = 'own' | 'other';

interface Unsettled {
  readonly failure: unknown;
  /** The request may have been carried out, now or later. */
  readonly isInDoubt: boolean;
}

/**
 * Creates objects, and gives up only when it is known whose bytes are there: an answer that says nothing is followed
 * by a look, and a key that is missing then by the same bytes again, because an earlier request may still be on its
 * way. Until that is settled, nobody may send other bytes to the key.
 */
export class SettledCreate {
  readonly #parts: CreateParts;

  constructor(parts: CreateParts) {
    this.#parts = parts;
  }

  /**
   * Throws `ambiguous` when `signal` aborts, or when nothing more can be learnt, while a request may have been carried
   * out; else what the storage has said, and then nothing was written.
   */
  async run(request: CreateRequest, signal: AbortSignal): Promise<Created> {
    let isInDoubt = request.isInDoubt;
    for (let attempt = 0; ; attempt += 1) {
      const outcome = await this.#attempt(request, isInDoubt, signal);
      if (typeof outcome === 'string') return outcome;
      isInDoubt ||= outcome.isInDoubt;
      const { failure } = outcome;
      if (signal.aborted || !mayGoOn(failure, isInDoubt, attempt)) throw refusal(request, failure, isInDoubt);
      try {
        await this.#parts.pause(attempt, signal);
      } catch {
        throw refusal(request, failure, isInDoubt);
      }
    }
  }

  async #attempt(
    request: CreateRequest,
    wasInDoubt: boolean,
    signal: AbortSignal,
  ): Promise<Created | Unsettled> {
    const { storage, metrics } = this.#parts;
    try {
      await metrics.counted(storage.putIfAbsent(request.key, request.bytes, signal));
      return 'own';
    } catch (failure) {
      // An aborted request may have been sent.
      if (!(failure instanceof ObjectStorageError)) return { failure, isInDoubt: true };
      if (failure.kind === 'exists' && !wasInDoubt && !request.mayBeOwn) return 'other';
      if (failure.kind !== 'exists' && failure.kind !== 'ambiguous') return { failure, isInDoubt: false };
      return this.#look(request, failure, signal);
    }
  }

  async #look(
    { key, bytes }: CreateRequest,
    failure: ObjectStorageError,
    signal: AbortSignal,
  ): Promise<Created | Unsettled> {
    try {
      const stored = await this.#parts.reads.get(key, bytes.length, signal);
      // Refused because of what cannot be read: the server takes the marker of a deleted object for one.
      if (stored === undefined) return { failure, isInDoubt: failure.kind === 'ambiguous' };
      return Buffer.compare(stored, bytes) === 0 ? 'own' : 'other';
    } catch (error) {
      if (error instanceof ObjectStorageError && error.kind === 'too_large') return 'other';
      return { failure: error, isInDoubt: true };
    }
  }
}

/** What is in doubt is sent again for as long as there is time; what is not, a few times. */
function mayGoOn(failure: unknown, isInDoubt: boolean, attempt: number): boolean {
  if (!isTransient(failure) && !isPuzzling(failure)) return false;
  return isInDoubt || attempt + 1 < MAX_ATTEMPTS;
}

/** Neither done nor refused, as far as one can see. */
function isPuzzling(failure: unknown): boolean {
  return failure instanceof ObjectStorageError && (failure.kind === 'exists' || failure.kind === 'ambiguous');
}

function refusal({ key }: CreateRequest, failure: unknown, isInDoubt: boolean): unknown {
  if (!isInDoubt) return isPuzzling(failure) ? takenByNothing(key, failure) : failure;
  const detail = failure instanceof Error ? failure.message : String(failure);
  const message = `whether the object ${key} was created is not known: ${detail}`;
  return new S3StoreError('ambiguous', message, { cause: failure });
}

function takenByNothing(key: string, failure: unknown): S3StoreError {
  const message = `the key ${key} is taken, but there is no object: one was deleted, and its marker is in the way`;
  return new S3StoreError('conflict', message, { cause: failure });
}
