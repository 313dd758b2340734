import type { EventStore, KubernetesObject } from '@rynxs/kernel';
import { ChainVerifier, LogAudit, type LogEvent, type LogRecord } from '@rynxs/log';
import type { SimulatedBucket } from './simulated-bucket.js';
import { KEYS, TreeWitness } from './trust.js';

/** A promise of the log that was broken. */
export class Violation extends Error {
  override readonly name = 'Violation';
}

interface StoredRecord {
  readonly hash: string;
  readonly epoch: number;
}

/** What somebody was told of an event: its `uid` is unique among all events of a simulation. */
export interface Acknowledgement {
  readonly uids: readonly string[];
  readonly epoch: number;
  readonly records: readonly LogRecord[];
}

export interface OracleOptions {
  /** What is unique to an event among all of a simulation; default the `uid` of its payload. */
  readonly identify?: (event: LogEvent) => unknown;
  /** Called for each event as soon as its commit is in the bucket. */
  readonly onEvent?: (event: LogEvent) => void;
  /** Whether checkpoints are signed by the simulation's key; default true. */
  readonly isSigned?: boolean;
}

const COMMIT_KEY = /^events\/(\d{10})\.json$/;
const CHECKPOINT_KEY = /^events\/objects\/checkpoints\//;

/**
 * Sees what no process sees: each commit at the moment at which it is in the bucket. Holds everything that processes are
 * told against it, at once, and throws Violation for the first thing that is not as promised.
 */
export class Oracle {
  readonly #records: StoredRecord[] = [];
  readonly #commits: Buffer[] = [];
  readonly #epochStarts = new Map<number, { readonly seq: number; readonly writer: string }>();
  readonly #uids = new Map<string, number>();
  readonly #refused = new Set<string>();
  readonly #options: Required<OracleOptions>;
  readonly #tree: TreeWitness;
  readonly #verifier: ChainVerifier;
  #arriving: LogEvent[] = [];
  /** The first promise that was broken. */
  violation: Violation | undefined;
  acknowledged = 0;
  refused = 0;

  constructor(bucket: SimulatedBucket, options: OracleOptions = {}) {
    this.#options = {
      identify: ({ payload }) => payload.uid,
      onEvent: () => undefined,
      isSigned: true,
      ...options,
    };
    this.#tree = new TreeWitness(this.#options.isSigned);
    this.#verifier = new ChainVerifier({
      onRecord: ({ event, hash }) => {
        this.#records.push({ hash, epoch: event.hash_version === 'v3' ? event.meta.epoch : 0 });
        this.#arriving.push(event);
      },
    });
    bucket.onCreated = (key, bytes) => this.#created(key, bytes);
  }

  /** The number of records in the bucket now. */
  get size(): number {
    return this.#records.length;
  }

  /** Terms that have begun. */
  get epochs(): number {
    return this.#epochStarts.size;
  }

  /** All bytes of the log. */
  bytes(): Buffer {
    return Buffer.concat(this.#commits);
  }

  /** Keeps the violation, because the code under test may take what is thrown for trouble of its own, and throws it. */
  accuse(what: string, options?: ErrorOptions): never {
    this.violation ??= new Violation(what, options);
    throw this.violation;
  }

  /** A process was told that its term has begun. */
  began(epoch: number, writer: string): void {
    const begun = this.#epochStarts.get(epoch)?.writer;
    this.#check(
      begun === writer,
      `${writer} was told that epoch ${epoch} is its own, and it is that of ${begun}`,
    );
  }

  /** A process was told that its events are durable. */
  acknowledge({ uids, epoch, records }: Acknowledgement): void {
    this.#check(
      records.length === uids.length,
      `${uids.length} events were acknowledged as ${records.length} records`,
    );
    records.forEach(({ event, hash }, index) => {
      const { seq } = event;
      const what = `seq ${seq}, acknowledged to the writer of epoch ${epoch},`;
      const stored = this.#records[seq];
      this.#check(stored !== undefined, `${what} is not stored`);
      this.#check(stored?.hash === hash, `${what} is another record in the bucket`);
      this.#check(stored?.epoch === epoch, `${what} is of epoch ${stored?.epoch} in the bucket`);
      this.#check(event.payload.uid === uids[index], `${what} is not the event that was appended`);
      this.#check(seq === (records[0]?.event.seq ?? 0) + index, `${what} does not follow the event before`);
      const successor = this.#epochStarts.get(epoch + 1);
      this.#check(successor === undefined || successor.seq > seq, `${what} stands behind epoch ${epoch + 1}`);
    });
    this.acknowledged += uids.length;
  }

  /** A process was told that its events are not, and never will be, in the log. */
  refuse(uids: readonly string[], why: string): void {
    for (const uid of uids) {
      const seq = this.#uids.get(uid);
      this.#check(seq === undefined, `event ${uid} was refused (${why}) and stands at seq ${seq}`);
      this.#refused.add(uid);
    }
    this.refused += uids.length;
  }

  /** The anchors were written, and are so now. */
  anchored(object: KubernetesObject): void {
    this.#checkNothing(this.#tree.anchored(object));
  }

  /** A process has a record from the log, by reading or by writing it. */
  saw(who: string, seq: number, hash: string): void {
    const stored = this.#records[seq];
    this.#check(stored !== undefined, `${who} has a seq ${seq} that is not in the bucket`);
    this.#check(stored?.hash === hash, `${who} has another seq ${seq} than the bucket`);
  }

  /** A process has read the log to its end; `sizeBefore` records were stored when it began. */
  readToEnd(who: string, nextSeq: number, sizeBefore: number): void {
    this.#check(
      nextSeq >= sizeBefore,
      `${who} saw ${nextSeq} records where ${sizeBefore} were stored before it looked`,
    );
    this.#check(nextSeq <= this.size, `${who} saw ${nextSeq} records where ${this.size} are stored`);
  }

  /** At the end: what a new process reads is all that was ever committed, and verifies. */
  async finish(store: EventStore): Promise<void> {
    const { signal } = new AbortController();
    const { checkpoints, anchors } = this.#tree;
    const audit = new LogAudit({ strict: true, trusted: KEYS.trusted, checkpoints, anchors });
    const chunks: Uint8Array[] = [];
    for await (const chunk of store.read(0, signal)) {
      audit.push(chunk);
      chunks.push(chunk);
    }
    const { summary, signedTo, untrusted } = audit.finish();
    // The first checkpoint may have failed, and the next one not been due yet.
    const isSigned = checkpoints.length === 0 || (signedTo > 0 && untrusted.length === 0);
    this.#check(isSigned || !this.#options.isSigned, `${untrusted.length} checkpoints are not trusted`);
    this.#check(
      Buffer.concat(chunks).equals(this.bytes()),
      'the log that is read is not the one that was written',
    );
    this.#check(summary.nextSeq === this.size, `the audit found ${summary.nextSeq} records of ${this.size}`);
    const head = await store.head(signal);
    this.#check(
      head.nextSeq === this.size && head.hash === this.#records.at(-1)?.hash,
      'the store tells a wrong head',
    );
  }

  #created(key: string, bytes: Buffer): void {
    if (CHECKPOINT_KEY.test(key)) this.#checkNothing(this.#tree.checkpoint(bytes.toString()));
    const digits = COMMIT_KEY.exec(key)?.[1];
    if (digits === undefined) return;
    const firstSeq = Number(digits);
    this.#check(firstSeq === this.size, `a commit was created at seq ${firstSeq} where ${this.size} is next`);
    this.#arriving = [];
    try {
      this.#verifier.push(bytes);
    } catch (error) {
      throw new Violation(`the commit of seq ${firstSeq} does not verify: ${String(error)}`, {
        cause: error,
      });
    }
    this.#check(this.#arriving.at(-1)?.meta.end === true, `the commit of seq ${firstSeq} has no end`);
    this.#commits.push(bytes);
    this.#tree.grow(bytes);
    for (const event of this.#arriving) this.#arrived(event);
  }

  #arrived(event: LogEvent): void {
    const { type, seq, payload, meta } = event;
    if (type === 'EpochStarted') {
      this.#epochStarts.set(meta.epoch, { seq, writer: meta.writer });
      this.#check(
        payload.holder === meta.writer,
        `epoch ${meta.epoch} was begun by ${meta.writer} for another`,
      );
    }
    this.#options.onEvent(event);
    const uid = this.#options.identify(event);
    if (typeof uid !== 'string') return;
    this.#check(
      !this.#uids.has(uid),
      `event ${uid} stands at seq ${this.#uids.get(uid)} and again at ${seq}`,
    );
    this.#check(!this.#refused.has(uid), `event ${uid} was refused and is now at seq ${seq}`);
    this.#uids.set(uid, seq);
  }
  #checkNothing(wrong: string | undefined): void {
    this.#check(wrong === undefined, String(wrong));
  }

  #check(holds: boolean, otherwise: string): void {
    if (!holds) this.accuse(otherwise);
  }
}
