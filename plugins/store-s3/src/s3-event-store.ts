import type {
  Batch,
  Clock,
  EventStore,
  ListOptions,
  OpenedStore,
  OpenOptions,
  Random,
  StoreErrorCode,
  StoreHead,
  StoreProbe,
  Telemetry,
} from '@rynxs/kernel';
import { MAX_BATCH_RECORDS } from '@rynxs/log';
import { CommitList, type ListedCommit } from './commit-list.js';
import { fetchCommit, readCommits } from './commit-reader.js';
import { findLastCommit } from './find-last-commit.js';
import { NamedObjects } from './named-objects.js';
import { ObjectKeys } from './object-keys.js';
import type { ObjectStorage } from './object-storage.js';
import { PutMetrics } from './put-metrics.js';
import { raceForKey } from './race-probe.js';
import { growingPauses, RetryingReads } from './retrying-reads.js';
import { S3StoreError, storeErrorCode } from './s3-store-error.js';
import { SettledCreate } from './settled-create.js';
import { lastHash, verifyCommit } from './stored-commit.js';

/** What the store stands on. */
export interface S3StoreParts {
  /** The store closes it. */
  readonly storage: ObjectStorage;
  /** What all keys of this log begin with, without a slash at the end: `events`. */
  readonly prefix: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly telemetry: Telemetry;
}

/** A batch whose creation was not settled. */
interface UnsettledBatch {
  readonly firstSeq: number;
  readonly bytes: Buffer;
}

/**
 * The event log in a bucket: a commit is one object, named after its first sequence number and created only if absent.
 *
 * Any number of writers may have it open. Of those that append at the same place one wins; the others get `conflict`,
 * because the keys of all commits form one chain, and whoever is behind builds on a place that is taken. That holds as
 * long as objects never disappear. `open` verifies the last commit; all else is verified by who reads it.
 */
export class S3EventStore implements EventStore {
  readonly location: string;
  readonly #storage: ObjectStorage;
  readonly #random: Random;
  readonly #keys: ObjectKeys;
  readonly #reads: RetryingReads;
  readonly #commits: CommitList;
  readonly #create: SettledCreate;
  readonly #objects: NamedObjects;
  /** Where the log ended when this instance last learnt of it; undefined until it is open. */
  #head: StoreHead | undefined;
  #unsettled: UnsettledBatch | undefined;
  #isClosed = false;
  /** The call that closing waits for; never rejects. */
  #underWay: Promise<unknown> = Promise.resolve();
  #closing: Promise<void> | undefined;

  constructor({ storage, prefix, clock, random, telemetry }: S3StoreParts) {
    this.location = `${storage.location}/${prefix} at ${storage.server}`;
    this.#storage = storage;
    this.#random = random;
    this.#keys = new ObjectKeys(prefix);
    const pause = growingPauses(clock, random);
    this.#reads = new RetryingReads(storage, pause);
    this.#commits = new CommitList(this.#reads, this.#keys);
    this.#create = new SettledCreate({
      storage,
      pause,
      reads: this.#reads,
      metrics: new PutMetrics(telemetry),
    });
    this.#objects = new NamedObjects(this.#keys, this.#create, this.#reads);
  }

  open(signal: AbortSignal, { knownSize = 0 }: OpenOptions = {}): Promise<OpenedStore> {
    return this.#oneByOne(signal, async () => {
      this.#head = await this.#findHead(knownSize, signal);
      this.#unsettled = undefined;
      return { head: this.#head, droppedTails: [] };
    });
  }

  append(batch: Batch, signal: AbortSignal): Promise<void> {
    return this.#oneByOne(signal, async () => {
      const isInDoubt = this.#isUnsettled(batch);
      if (!isInDoubt) await this.#mustBeNext(batch, signal);
      await this.#send(batch, isInDoubt, signal);
      this.#head = { nextSeq: batch.firstSeq + batch.count, hash: lastHash(batch.bytes) };
    });
  }

  async *read(fromSeq: number, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    this.#check(signal);
    try {
      for await (const bytes of readCommits(this.#commits, this.#reads, Math.max(0, fromSeq), signal)) {
        yield bytes;
        this.#check(signal);
      }
    } catch (error) {
      throw this.#cutOff(error);
    }
  }

  /** One request while the log is open and nobody has gone on. */
  head(signal: AbortSignal): Promise<StoreHead> {
    return this.#checked(signal, () =>
      this.#head === undefined ? this.#findHead(0, signal) : this.#catchUp(this.#head, signal),
    );
  }

  createObject(name: string, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    return this.#checked(signal, () => this.#objects.create(name, bytes, signal));
  }

  readObject(name: string, signal: AbortSignal): Promise<Uint8Array | undefined> {
    return this.#checked(signal, () => this.#objects.read(name, signal));
  }

  listObjects(prefix: string, signal: AbortSignal, options: ListOptions = {}): Promise<readonly string[]> {
    return this.#checked(signal, () => this.#objects.list(prefix, options, signal));
  }

  probe(signal: AbortSignal): Promise<StoreProbe> {
    const key = this.#keys.object(`probe-${this.#random.uuid()}`);
    return this.#checked(signal, () => raceForKey(this.#storage, this.#reads, key, signal));
  }

  /** Undefined also where the storage cannot tell. */
  serverTime(signal: AbortSignal): Promise<number | undefined> {
    return this.#checked(signal, async () => this.#storage.serverTime?.(signal));
  }

  close(): Promise<void> {
    this.#isClosed = true;
    this.#closing ??= this.#underWay.then(() => this.#storage.close());
    return this.#closing;
  }

  errorCode(error: unknown): StoreErrorCode {
    return storeErrorCode(error);
  }

  async #send(batch: Batch, isInDoubt: boolean, signal: AbortSignal): Promise<void> {
    const { firstSeq, bytes } = batch;
    const key = this.#keys.commit(firstSeq);
    try {
      const created = await this.#create.run({ key, bytes, isInDoubt, mayBeOwn: true }, signal);
      this.#unsettled = undefined;
      if (created === 'own') return;
    } catch (error) {
      const isUnsettled = storeErrorCode(error) === 'ambiguous';
      if (isUnsettled) this.#unsettled ??= { firstSeq, bytes: Buffer.from(bytes) };
      throw error;
    }
    throw new S3StoreError('conflict', `another writer has created ${key}`);
  }

  /** Whether `batch` was sent already and may be stored. Throws when another one is in that state. */
  #isUnsettled({ firstSeq, bytes }: Batch): boolean {
    const unsettled = this.#unsettled;
    if (unsettled === undefined) return false;
    if (unsettled.firstSeq === firstSeq && unsettled.bytes.equals(bytes)) return true;
    const detail = `whether the commit of seq ${unsettled.firstSeq} is stored is not known: only the same one may be sent`;
    throw new S3StoreError('poisoned', `${detail} again, or the store be opened anew`);
  }

  /** A batch further on would leave a hole, and one that begins within another commit would overlap it. */
  async #mustBeNext({ firstSeq }: Batch, signal: AbortSignal): Promise<void> {
    let head = this.#head;
    if (head === undefined) throw new S3StoreError('closed', 'the store is not open for writing');
    if (firstSeq > head.nextSeq) head = await this.#catchUp(head, signal);
    if (firstSeq === head.nextSeq) return;
    throw new S3StoreError('conflict', `seq ${firstSeq} is not the next one, which is ${head.nextSeq}`);
  }

  /** Learns what others have appended after `head`. */
  async #catchUp(head: StoreHead, signal: AbortSignal): Promise<StoreHead> {
    const last = await findLastCommit(this.#commits, head.nextSeq, signal);
    const found = last === undefined ? head : await this.#headAfter(last, signal);
    // An append of our own may have been faster than the look.
    if (this.#head === undefined || found.nextSeq > this.#head.nextSeq) this.#head = found;
    return this.#head;
  }

  /** Looks first where the log is known to have reached, and everywhere when it does not reach there. */
  async #findHead(knownSize: number, signal: AbortSignal): Promise<StoreHead> {
    const near = Math.max(0, knownSize - MAX_BATCH_RECORDS);
    const last =
      (await findLastCommit(this.#commits, near, signal)) ??
      (near === 0 ? undefined : await findLastCommit(this.#commits, 0, signal));
    return last === undefined ? { nextSeq: 0, hash: undefined } : this.#headAfter(last, signal);
  }

  async #headAfter(last: ListedCommit, signal: AbortSignal): Promise<StoreHead> {
    return verifyCommit(last.firstSeq, await fetchCommit(this.#reads, last, signal));
  }

  /** Closing waits for what is done so. */
  async #oneByOne<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    this.#check(signal);
    const done = this.#underWay.then(work);
    this.#underWay = done.catch(() => undefined);
    return done;
  }

  async #checked<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    this.#check(signal);
    try {
      return await work();
    } catch (error) {
      throw this.#cutOff(error);
    }
  }

  /** Closing ends the connections of whatever is under way but an append. */
  #cutOff(error: unknown): unknown {
    if (!this.#isClosed || storeErrorCode(error) !== 'unavailable') return error;
    return new S3StoreError('closed', 'the store was closed meanwhile', { cause: error });
  }

  #check(signal: AbortSignal): void {
    if (this.#isClosed) throw new S3StoreError('closed', 'the store is closed');
    signal.throwIfAborted();
  }
}
