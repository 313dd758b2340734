import { canonicalize } from './canonicalize.js';
import type { DamageKind } from './damage.js';
import type { Json, JsonMap } from './event.js';
import type { EventScanner } from './event-scanner.js';
import { MAX_BATCH_BYTES, MAX_BATCH_RECORDS } from './limits.js';
import type { TermPosition } from './verification.js';

export const EPOCH_STARTED = Buffer.from('EpochStarted');
const EPOCH_ENDED = Buffer.from('EpochEnded');
/** Identities are a pod's name (253 characters at most) and a UUID. */
const MAX_QUOTED_LENGTH = 300;

/** What a rule has against a record. */
export interface Violation {
  readonly kind: DamageKind;
  readonly detail: string;
}

/**
 * The rules that hold between records: commits, terms, time, identity. It sees each record after its hash, chain and
 * number were found good, remembers a few fields of the last one, and says what is wrong with the next.
 */
export class CommitRules {
  /** Records and bytes of the commit that is open; 0 when the last one has ended. */
  openRecords = 0;
  openBytes = 0;
  /** Undefined until known: a verifier that begins in the middle learns it from the first record. */
  epoch: number | undefined;
  writer: string | undefined;
  epochEnded = false;
  epochs = 0;
  logId: string | undefined;
  lastTs: string | undefined;

  #batch: Buffer = Buffer.alloc(0);
  #writer: Buffer = Buffer.alloc(0);
  #since: number | undefined;

  constructor(
    fromGenesis: boolean,
    private readonly expectedLogId: string | undefined,
  ) {
    if (fromGenesis) this.epoch = 0;
    this.logId = expectedLogId;
  }

  /** Goes on after a record that was verified before. */
  resume({ epoch, writer, epochEnded, logId, lastTs }: TermPosition): void {
    this.epoch = epoch;
    this.writer = writer;
    // Written as it stands in a record, where it is compared.
    if (writer !== undefined) this.#writer = Buffer.from(canonicalize(writer).slice(1, -1));
    this.epochEnded = epochEnded;
    this.logId ??= logId;
    this.lastTs = lastTs;
  }

  /** A record of an earlier hash version: a commit of its own, of epoch 0. */
  acceptLegacy(): Violation | undefined {
    if (this.openRecords > 0) return broken('a record of an earlier version stands within a commit');
    if ((this.epoch ?? 0) > 0) {
      return { kind: 'epoch_broken', detail: `a record of an earlier version follows epoch ${this.epoch}` };
    }
    this.epoch = 0;
    return undefined;
  }

  accept(record: EventScanner, lineBytes: number): Violation | undefined {
    const violation =
      this.#againstCommit(record, lineBytes) ?? this.#againstEpoch(record) ?? this.#againstTime(record);
    if (violation !== undefined) return violation;
    if (this.openRecords === 0) this.#batch = copyOf(record.text, record.batchStart, record.batchEnd);
    this.openRecords++;
    this.openBytes += lineBytes;
    return undefined;
  }

  /** Called when the commit that is open has its end. */
  closeCommit(): void {
    this.openRecords = 0;
    this.openBytes = 0;
  }

  #againstCommit(record: EventScanner, lineBytes: number): Violation | undefined {
    const sameBatch = equals(this.#batch, record.text, record.batchStart, record.batchEnd);
    if (this.openRecords === 0) {
      return sameBatch && this.#batch.length > 0
        ? broken('the commit before has the same batch id: its end stands too early')
        : undefined;
    }
    if (!sameBatch) return broken('another commit begins before the one before has ended');
    if (this.openRecords >= MAX_BATCH_RECORDS)
      return broken(`a commit has more than ${MAX_BATCH_RECORDS} records`);
    if (this.openBytes + lineBytes > MAX_BATCH_BYTES)
      return broken(`a commit has more than ${MAX_BATCH_BYTES} bytes`);
    return undefined;
  }

  #againstEpoch(record: EventScanner): Violation | undefined {
    if (record.typeIs(EPOCH_STARTED)) return this.#startEpoch(record);
    if (this.epoch === undefined) {
      this.#adopt(record, undefined);
    } else if (record.epoch !== this.epoch || record.epoch === 0) {
      return epochBroken(
        `${said(record)} in ${this.#term()}: no EpochStarted opens it, or its writer was fenced`,
      );
    } else if (this.epochEnded) {
      return epochBroken(`${said(record)} after the EpochEnded of ${this.#term()}`);
    } else if (!equals(this.#writer, record.text, record.writerStart, record.writerEnd)) {
      return epochBroken(`${said(record)} in ${this.#term()}: two writers in one epoch`);
    }
    if (record.typeIs(EPOCH_ENDED)) this.epochEnded = true;
    return undefined;
  }

  #startEpoch(record: EventScanner): Violation | undefined {
    if (this.openRecords > 0) return epochBroken('EpochStarted stands within a commit, it must open one');
    if (record.epoch === 0 || (this.epoch !== undefined && record.epoch !== this.epoch + 1)) {
      return epochBroken(`EpochStarted: ${said(record)} after ${this.#term()}; epochs rise by 1`);
    }
    const payload = JSON.parse(
      record.text.toString('utf8', record.payloadStart, record.payloadEnd),
    ) as JsonMap;
    if (payload.epoch !== record.epoch) {
      return epochBroken(
        `EpochStarted says epoch ${quoted(payload.epoch)} in its payload and ${record.epoch} in its meta`,
      );
    }
    const violation =
      this.#againstHolder(payload.holder, record) ?? this.#againstIdentity(payload.log_id, record.epoch);
    if (violation !== undefined) return violation;
    this.#adopt(record, record.seq);
    this.epochEnded = false;
    this.epochs++;
    return undefined;
  }

  /** Who holds a term is who writes it. */
  #againstHolder(holder: Json | undefined, record: EventScanner): Violation | undefined {
    if (holder === undefined || holder === writerOf(record)) return undefined;
    return epochBroken(
      `EpochStarted: ${said(record)}, and names ${quoted(holder)} as the holder of its epoch`,
    );
  }

  /** The term that the last record stands in, in words. */
  #term(): string {
    if (this.epoch === undefined || this.epoch === 0) return 'epoch 0, of no writer';
    const since = this.#since === undefined ? '' : ` (from seq ${this.#since} on)`;
    return `epoch ${this.epoch} of ${quoted(this.writer)}${since}`;
  }

  #againstIdentity(logId: unknown, epoch: number): Violation | undefined {
    if (typeof logId !== 'string') {
      // Later terms may leave it out: the chain ties them to the first.
      return epoch === 1
        ? { kind: 'malformed', detail: 'the first EpochStarted carries no log_id' }
        : undefined;
    }
    if (this.logId !== undefined && logId !== this.logId) {
      const expected = this.expectedLogId === undefined ? 'the terms before' : 'the one expected';
      return { kind: 'foreign', detail: `the log is ${logId}, ${expected} ${this.logId}` };
    }
    this.logId = logId;
    return undefined;
  }

  #againstTime(record: EventScanner): Violation | undefined {
    if (this.lastTs !== undefined && record.ts < this.lastTs) {
      return { kind: 'time_reversed', detail: `${record.ts} comes after ${this.lastTs}` };
    }
    this.lastTs = record.ts;
    return undefined;
  }

  /** `since` is where the term began, if that is known. */
  #adopt(record: EventScanner, since: number | undefined): void {
    this.epoch = record.epoch;
    this.#since = since;
    this.#writer = copyOf(record.text, record.writerStart, record.writerEnd);
    this.writer = writerOf(record);
  }
}

function broken(detail: string): Violation {
  return { kind: 'commit_broken', detail };
}

function epochBroken(detail: string): Violation {
  return { kind: 'epoch_broken', detail };
}

/** A record's number, term and writer, in words. */
function said(record: EventScanner): string {
  return `seq ${record.seq} is of epoch ${record.epoch} by ${quoted(writerOf(record))}`;
}

function writerOf(record: EventScanner): string {
  return JSON.parse(`"${record.text.toString('utf8', record.writerStart, record.writerEnd)}"`) as string;
}

/** What a record says, as JSON and not too much of it. */
function quoted(value: Json | undefined): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > MAX_QUOTED_LENGTH ? `${text.slice(0, MAX_QUOTED_LENGTH)}…` : text;
}

function copyOf(text: Buffer, start: number, end: number): Buffer {
  return Buffer.from(text.subarray(start, end));
}

function equals(expected: Buffer, text: Buffer, start: number, end: number): boolean {
  if (end - start !== expected.length) return false;
  for (let index = 0; index < expected.length; index++) {
    if (text[start + index] !== expected[index]) return false;
  }
  return true;
}
