import { createToken } from './token.js';

/**
 * What went wrong in a driver's call, in words that the kernel acts on.
 * - `conflict`: another batch holds the sequence number (or the named object exists). Nothing was written.
 * - `ambiguous`: nobody knows whether the write happened (time-out, reset). The kernel sends the same bytes again.
 * - `locked`: another writer has the store open.
 * - `damaged`: the stored bytes before the last commit do not verify.
 * - `full`: no space; nothing of the batch is in the store, and a later append may succeed.
 * - `denied`: not permitted. - `missing`: the directory, bucket or object does not exist.
 * - `unavailable`: cannot be reached now. - `poisoned`: the store no longer knows what is durable; reopen it.
 * - `closed`: the store was closed. - `unknown`: none of these.
 */
export type StoreErrorCode =
  | 'conflict'
  | 'ambiguous'
  | 'locked'
  | 'damaged'
  | 'full'
  | 'denied'
  | 'missing'
  | 'unavailable'
  | 'poisoned'
  | 'closed'
  | 'unknown';

/** A commit on its way to a driver: whole records, consecutive, ready to be stored as they are. */
export interface Batch {
  /** Sequence number of the first record. */
  readonly firstSeq: number;
  /** Number of records, 1 to 1,000. */
  readonly count: number;
  /** The record lines, each ended by LF; at most 1 MiB. The driver must not change or keep them. */
  readonly bytes: Uint8Array;
}

/** Where a store ends. */
export interface StoreHead {
  /** The sequence number that the next batch must start with; 0 for an empty store. */
  readonly nextSeq: number;
  /** Hash of the last record (64 lower-case hex digits); undefined for an empty store. */
  readonly hash: string | undefined;
}

/** The bytes of an unfinished commit that opening found after the last whole one and moved aside. */
export interface DroppedTail {
  /** Sequence number of the commit that was being written. */
  readonly seq: number;
  readonly bytes: number;
  /** SHA-256 of the bytes, lower-case hex. */
  readonly sha256: string;
  /** Where the bytes are kept now, in the store's own terms (a file name, a key). */
  readonly keptAs: string;
}

export interface OpenedStore {
  readonly head: StoreHead;
  /** Not yet on the record: every open reports it until a batch that starts at its `seq` was appended. */
  readonly droppedTails: readonly DroppedTail[];
}

export interface OpenOptions {
  /**
   * The log is known, from a trusted checkpoint or an anchor, to have reached this many records: all below it was
   * acknowledged. Bytes there that do not verify are `damaged`, never the rest of an unfinished commit. Default 0.
   */
  readonly knownSize?: number;
}

export interface ListOptions {
  /** Only names that come after this one in byte order, whether or not it exists. */
  readonly startAfter?: string;
  /** At most so many names; default all. */
  readonly limit?: number;
}

/** What a store's race showed. */
export interface StoreProbe {
  /** How many tried to create the same thing at once. */
  readonly racers: number;
  /** How many were told that they did. More than 1: the store is no fence between writers. */
  readonly winners: number;
}

/**
 * Driver for the event log's bytes. Knows nothing of events: the kernel hashes, batches, retries, fences, measures.
 * Methods throw raw errors of whatever kind; `errorCode` says what they mean.
 *
 * Calls: `open` first, and once unless several may write at the same place: then it is called again when a batch was left in
 * doubt by a writer that has ended, and learns anew where the log ends. At most one `append` at a time; reads may run beside
 * it, also before `open`, and see whole commits only. `close` may come at any time, waits for an append under way, and is idempotent.
 */
export interface EventStore {
  /**
   * Takes the store for writing, recovers an unfinished commit, finds the head. Creates an empty store where none exists.
   * Throws `locked` when another writer has it, `damaged` (with a Damage of @rynxs/log, as the error or its cause) when
   * what is before the last commit does not verify: then nothing was changed.
   *
   * A driver verifies the last commit, and everything before it moves anything aside. Whatever else is stored is
   * verified by the kernel (what stands behind a snapshot before it writes, the rest while it does): so a driver must
   * never hide damage from `read`.
   */
  open(signal: AbortSignal, options?: OpenOptions): Promise<OpenedStore>;

  /**
   * Compare-and-set on the first sequence number. Resolves only when the batch is durable and all of it is.
   * Throws `conflict` when `firstSeq` is not the next number, `full`, `ambiguous`, `poisoned` as said above;
   * after any of them no part of the batch is visible unless it was `ambiguous` or `poisoned`.
   */
  append(batch: Batch, signal: AbortSignal): Promise<void>;

  /**
   * Streams the stored lines in order, from the commit that holds `fromSeq`, as chunks cut anywhere on a line's end,
   * up to the last whole commit at the time of reading. Memory stays bounded at any length. Bytes are passed as they
   * are: verification is the reader's. An absent or empty store yields nothing.
   */
  read(fromSeq: number, signal: AbortSignal): AsyncIterable<Uint8Array>;

  /**
   * The head by the driver's own cheapest means, without taking the store. Where several may write it is asked of the place
   * each time, by one small request when nothing is new: standbys call it every other second.
   */
  head(signal: AbortSignal): Promise<StoreHead>;

  /** Creates a small named object (checkpoint, snapshot; at most 16 MiB) if absent, else throws `conflict`. Durable. */
  createObject(name: string, bytes: Uint8Array, signal: AbortSignal): Promise<void>;
  /** The object's bytes, or undefined when there is none. */
  readObject(name: string, signal: AbortSignal): Promise<Uint8Array | undefined>;
  /**
   * Names under `prefix`, in ascending byte order. Names are `[a-z0-9/._-]`, at most 200 characters; what stands between
   * slashes is not empty, `.` or `..`, and no name is the folder of another one.
   */
  listObjects(prefix: string, signal: AbortSignal, options?: ListOptions): Promise<readonly string[]>;

  /**
   * What is stored behind the last whole commit and left out by `read`: a commit that is being written or was never
   * finished, at most 2 MiB of it. For stores in which a commit can be torn; others leave the method out.
   */
  trailing?(signal: AbortSignal): Promise<Uint8Array>;

  /**
   * Races writers for one new name, to learn whether create-if-absent holds. For stores that cannot know it; others
   * leave the method out. What it creates is not part of the log. The log records the result once per `location`.
   */
  probe?(signal: AbortSignal): Promise<StoreProbe>;

  /**
   * The clock of the server that keeps the store, in milliseconds since 1970, as exact as it tells, by one request; undefined
   * where it does not tell. For stores on a server; others leave the method out.
   */
  serverTime?(signal: AbortSignal): Promise<number | undefined>;

  /** Waits for an append under way, gives the store up. Later calls throw `closed`. */
  close(): Promise<void>;

  errorCode(error: unknown): StoreErrorCode;

  /** Where the log is, for messages: `file:///var/lib/rynxs/logs`. No credentials. */
  readonly location: string;
}

export const EVENT_STORE = createToken<EventStore>('EVENT_STORE', { selectedBy: 'EVENT_STORE_TYPE' });
