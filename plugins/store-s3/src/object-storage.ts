/**
 * What a request to object storage came to, in words that the store acts on.
 * - `exists`: the key has an object already (412). Nothing was written by this request.
 * - `in_progress`: the server is busy with another create of the same key (409 ConditionalRequestConflict). Nothing was written.
 * - `ambiguous`: the request may have been carried out, now or later: no answer, or one of a server's failures (5xx). Writes only.
 * - `throttled`: refused before anything was done (429, 503 SlowDown); later it may succeed.
 * - `unavailable`: the server cannot be reached; a write was not sent. A read that got no answer is this, too.
 * - `no_bucket`: the bucket does not exist. - `denied`: not permitted, wrong credentials, or a clock that is off.
 * - `full`: no space left, or a quota used up; nothing was written.
 * - `too_large`: the object has more bytes than were asked for at most.
 * - `other`: an answer that is none of these; a write was not carried out.
 */
export type ObjectStorageErrorKind =
  | 'exists'
  | 'in_progress'
  | 'ambiguous'
  | 'throttled'
  | 'unavailable'
  | 'no_bucket'
  | 'denied'
  | 'full'
  | 'too_large'
  | 'other';

/** Every failure of an ObjectStorage, but for the reason of an aborted signal, which is thrown as it is. */
export class ObjectStorageError extends Error {
  override readonly name = 'ObjectStorageError';

  constructor(
    readonly kind: ObjectStorageErrorKind,
    /** What happened, where, and the remedy. No credentials. */
    message: string,
    /** Whether the server has answered: without, the network is to blame. */
    readonly answered: boolean,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

export interface ListedObject {
  readonly key: string;
  /** Bytes. */
  readonly size: number;
}

export interface ListQuery {
  /** Only keys that begin so. */
  readonly prefix: string;
  /** Only keys that come after this one in byte order, whether or not it exists. */
  readonly startAfter?: string;
  /** At most so many keys, 1 to 1,000. */
  readonly limit: number;
}

export interface Listing {
  /** In ascending byte order of the keys. */
  readonly objects: readonly ListedObject[];
  /** Whether there are more keys after the last one. */
  readonly isTruncated: boolean;
}

/** The largest page of a listing. */
export const MAX_LIST_KEYS = 1_000;

/**
 * One bucket, as far as the store uses it. Each call is one request: none is repeated here, because what may be
 * repeated is the store's to decide. Strongly consistent: what was created is seen by every later `get` and `list`.
 *
 * A signal that aborts ends the call at once with the signal's reason; a write may have been carried out nevertheless.
 */
export interface ObjectStorage {
  /** The bucket, for messages: `s3://bucket`. */
  readonly location: string;
  /** The server, for messages and to tell servers apart: `http://127.0.0.1:9000`. No credentials. */
  readonly server: string;

  /**
   * Creates an object; resolves when it is durable. Of several that create one key, at most one may succeed.
   * Throws `exists`, `in_progress`, `ambiguous`, or what every call throws.
   */
  putIfAbsent(key: string, bytes: Uint8Array, signal: AbortSignal): Promise<void>;

  /** An object's bytes, undefined when there is none. Throws `too_large` for more than `maxBytes`, having read no more. */
  get(key: string, maxBytes: number, signal: AbortSignal): Promise<Uint8Array | undefined>;

  /** One page of keys. */
  list(query: ListQuery, signal: AbortSignal): Promise<Listing>;

  /**
   * The server's clock, in milliseconds since 1970, as its answers tell it; undefined where they do not. By one request, whose
   * refusal tells the time as well: a server refuses whoever's clock is far off. For those that can; others leave it out.
   */
  serverTime?(signal: AbortSignal): Promise<number | undefined>;

  /** Gives connections up; requests under way fail. Idempotent. */
  close(): void;
}
