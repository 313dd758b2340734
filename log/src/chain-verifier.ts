import { hash } from 'node:crypto';
import { CommitRules, EPOCH_STARTED, type Violation } from './commit-rules.js';
import { Damage, type DamageKind } from './damage.js';
import { EventScanner } from './event-scanner.js';
import { readOtherEvent } from './legacy-event.js';
import { MAX_RECORD_BYTES } from './limits.js';
import { LineSplitter } from './line-splitter.js';
import { PendingLine } from './pending-line.js';
import { RECORD_HEAD_BYTES, RECORD_TAIL_BYTES, ZERO_HASH } from './record.js';
import {
  HASH_AT,
  HASH_BYTES,
  hashAt,
  hasRecordShape,
  isHashAt,
  PREV_HASH_AT,
  sameHash,
} from './record-shape.js';
import type { ChainVerifierOptions, TermPosition, VerificationSummary } from './verification.js';

/** How many records after a gap are searched for the missing one, to tell reordered from deleted. */
const LOOKAHEAD_RECORDS = 10_000;

/**
 * Verifies a log's bytes as they stream by, in constant memory: hashes, chain, numbers, commits, terms, times,
 * identity and, when strict, canonical form. It cannot see a consistent rewriting of everything after a point, nor
 * that the log was cut between two commits: only a point known from elsewhere shows that (see `finish`).
 *
 * `push` and `finish` throw Damage for the first thing that is wrong; a verifier that has thrown throws it again.
 */
export class ChainVerifier {
  readonly #options: ChainVerifierOptions;
  readonly #strict: boolean;
  readonly #splitter: LineSplitter;
  readonly #rules: CommitRules;
  readonly #scanner = new EventScanner();
  /** The hash of the last record, followed by the event that is being hashed. */
  readonly #hashed = Buffer.allocUnsafe(HASH_BYTES + MAX_RECORD_BYTES);

  /** The first record is taken on trust and may stand at or before this number. */
  #trustUpTo: number | undefined;
  #nextSeq: number;
  #headHash: string;
  #goodSeq: number | undefined;
  /** Offset of the line that is being verified, and of the one after it. */
  #offset = 0;
  #nextOffset = 0;

  // What is in whole commits.
  #records = 0;
  #commits = 0;
  #committedSeq: number;
  #committedHash: string;
  #committedOffset = 0;
  /** Records of the open commit, kept for onRecord. */
  #pending: PendingLine[] = [];

  #missing: { readonly damage: Damage; searched: number } | undefined;
  #damage: Damage | undefined;

  constructor(options: ChainVerifierOptions = {}) {
    const { fromSeq = 0, prevHash } = options;
    this.#options = options;
    this.#strict = options.strict ?? true;
    this.#trustUpTo = fromSeq > 0 && prevHash === undefined ? fromSeq : undefined;
    this.#goodSeq = fromSeq > 0 && prevHash !== undefined ? fromSeq - 1 : undefined;
    this.#nextSeq = fromSeq;
    this.#committedSeq = fromSeq;
    this.#headHash = prevHash ?? ZERO_HASH;
    this.#committedHash = this.#headHash;
    this.#hashed.write(this.#headHash, 0, 'latin1');
    this.#rules = new CommitRules(fromSeq === 0, options.logId);
    if (options.term !== undefined) this.#rules.resume(options.term);
    this.#splitter = new LineSplitter(
      (text, start, end, copied) => this.#line(text, start, end, copied),
      () => this.#tooLong(),
    );
  }

  /** Verifies the next bytes of the log; they may be cut anywhere. The chunk is not needed afterwards. */
  push(chunk: Uint8Array): void {
    if (this.#damage !== undefined) throw this.#damage;
    this.#splitter.push(chunk);
    // Records of a commit that ends in a later chunk outlive this one.
    for (const line of this.#pending) line.detach();
  }

  /** The term that the last whole commit stands in; while records are pushed, that of the last record. */
  get term(): Omit<TermPosition, 'logId'> {
    const { epoch = 0, writer, epochEnded, lastTs } = this.#rules;
    return { epoch, writer, epochEnded, lastTs };
  }

  /**
   * Ends the verification. `expected` is a point that the log is known to have reached: a log that ends before it
   * is `truncated`, one that ends there with another hash is `chain_broken`.
   * Bytes after the last whole commit are no damage: they are told as `unfinished`.
   */
  finish(expected?: { readonly nextSeq: number; readonly hash: string | undefined }): VerificationSummary {
    if (this.#damage !== undefined) throw this.#damage;
    if (this.#missing !== undefined) throw this.#report(this.#missing.damage);
    if (expected !== undefined) this.#compareWith(expected.nextSeq, expected.hash ?? ZERO_HASH);
    const unfinishedBytes = this.#nextOffset - this.#committedOffset + this.#splitter.unfinishedBytes;
    return {
      records: this.#records,
      commits: this.#commits,
      nextSeq: this.#committedSeq,
      headHash: this.#committedHash,
      epochs: this.#rules.epochs,
      ...this.term,
      logId: this.#rules.logId,
      ...(unfinishedBytes > 0 ? { unfinished: { seq: this.#committedSeq, bytes: unfinishedBytes } } : {}),
    };
  }

  #line(text: Buffer, start: number, end: number, copied: boolean): void {
    this.#offset = this.#nextOffset;
    this.#nextOffset += end - start + 1;
    if (this.#missing !== undefined) {
      this.#searchMissing(text, start, end);
      return;
    }
    if (!hasRecordShape(text, start, end)) {
      throw this.#found('malformed', 'the line is not a record: it was overwritten, or this is no log');
    }
    const eventStart = start + RECORD_HEAD_BYTES;
    const eventEnd = end - RECORD_TAIL_BYTES;
    if (this.#trustUpTo !== undefined) this.#beginOnTrust(text, eventStart, eventEnd, this.#trustUpTo);

    const computed = this.#chainedHash(text, eventStart, eventEnd);
    if (computed === undefined) {
      this.#explainHash(text, eventStart, eventEnd);
      return;
    }
    const seq = this.#checkEvent(text, eventStart, eventEnd, end - start + 1);
    if (seq !== this.#nextSeq) {
      this.#misplaced(seq);
      return;
    }
    if (this.#isRead(text, start, end)) {
      const line = new PendingLine(seq, computed, this.#headHash, this.#offset, text.subarray(start, end));
      if (copied) line.detach();
      this.#pending.push(line);
    }
    this.#goodSeq = seq;
    this.#nextSeq = seq + 1;
    this.#headHash = computed;
    text.copy(this.#hashed, 0, eventEnd + HASH_AT, eventEnd + HASH_AT + HASH_BYTES);
    this.#options.onLine?.(text, start, end);
    if (this.#rules.openRecords === 0) this.#commit();
  }

  #isRead(text: Buffer, start: number, end: number): boolean {
    const { onRecord, selects } = this.#options;
    return onRecord !== undefined && (selects === undefined || selects(text, start, end));
  }

  /** The event's hash after the last record's; undefined unless the line names both. */
  #chainedHash(text: Buffer, eventStart: number, eventEnd: number): string | undefined {
    if (!sameHash(this.#hashed, text, eventEnd + PREV_HASH_AT)) return undefined;
    text.copy(this.#hashed, HASH_BYTES, eventStart, eventEnd);
    const computed = hash('sha256', this.#hashed.subarray(0, HASH_BYTES + eventEnd - eventStart), 'hex');
    return isHashAt(text, eventEnd + HASH_AT, computed) ? computed : undefined;
  }

  /** Checks an event whose hash is good. Returns its number; the rules have not seen it if that is not the next. */
  #checkEvent(text: Buffer, start: number, end: number, lineBytes: number): number {
    const scanner = this.#scanner;
    if (!this.#scans(text, start, end)) {
      const other = readOtherEvent(text.subarray(start, end));
      if (other.is === 'nothing') throw this.#found('malformed', other.detail);
      if (other.is === 'legacy') {
        if (other.seq === this.#nextSeq) this.#mustHold(this.#rules.acceptLegacy());
        return other.seq;
      }
      if (!scanner.scan(other.canonical, 0, other.canonical.length, false)) {
        throw this.#found('malformed', 'the event lacks, or has besides, what an event of version 3 has');
      }
      if (this.#strict) {
        throw this.#found('not_canonical', 'the hash holds, but the event is not written as RFC 8785 says');
      }
    }
    if (scanner.seq === this.#nextSeq) {
      this.#mustHold(this.#rules.accept(scanner, lineBytes));
      if (scanner.isEnd) this.#rules.closeCommit();
    }
    return scanner.seq;
  }

  /** Whether the event is canonical, as far as that is asked for; what a term says of itself is always looked at. */
  #scans(text: Buffer, start: number, end: number): boolean {
    const scanner = this.#scanner;
    if (!scanner.scan(text, start, end, !this.#strict)) return false;
    return this.#strict || !scanner.typeIs(EPOCH_STARTED) || scanner.scan(text, start, end, false);
  }

  #commit(): void {
    const firstSeq = this.#committedSeq;
    const offset = this.#committedOffset;
    this.#records += this.#nextSeq - firstSeq;
    this.#commits++;
    this.#committedSeq = this.#nextSeq;
    this.#committedHash = this.#headHash;
    this.#committedOffset = this.#nextOffset;
    const { onRecord, onCommit } = this.#options;
    if (onRecord !== undefined) {
      const lines = this.#pending;
      this.#pending = [];
      for (const line of lines) onRecord(line);
    }
    onCommit?.({
      firstSeq,
      count: this.#nextSeq - firstSeq,
      bytes: this.#nextOffset - offset,
      offset,
      headHash: this.#headHash,
    });
  }

  /** Takes number and previous hash from the first record, when nothing is known of what stands before it. */
  #beginOnTrust(text: Buffer, eventStart: number, eventEnd: number, upTo: number): void {
    this.#trustUpTo = undefined;
    const seq = this.#seqOf(text, eventStart, eventEnd);
    if (seq === undefined || seq > upTo) return;
    this.#nextSeq = seq;
    this.#committedSeq = seq;
    if (seq === 0) {
      this.#rules.epoch = 0;
      return;
    }
    this.#headHash = hashAt(text, eventEnd + PREV_HASH_AT);
    this.#hashed.write(this.#headHash, 0, 'latin1');
  }

  /** Says what is wrong with a record that does not hash to what it says after the last record's hash. */
  #explainHash(text: Buffer, eventStart: number, eventEnd: number): void {
    const own = hash(
      'sha256',
      Buffer.concat([
        text.subarray(eventEnd + PREV_HASH_AT, eventEnd + PREV_HASH_AT + HASH_BYTES),
        text.subarray(eventStart, eventEnd),
      ]),
      'hex',
    );
    if (!isHashAt(text, eventEnd + HASH_AT, own)) {
      throw this.#found('hash_mismatch', 'the record does not have the hash that it carries: it was altered');
    }
    const seq = this.#seqOf(text, eventStart, eventEnd);
    if (seq === undefined)
      throw this.#found('malformed', 'the record is whole, but its event has no sequence number');
    if (seq !== this.#nextSeq) {
      this.#misplaced(seq);
      return;
    }
    const whichDiffers = this.#goodSeq === undefined ? 'what stands before it' : `seq ${this.#goodSeq}`;
    throw this.#found(
      'chain_broken',
      `the record is whole, but it was written after another record than ${whichDiffers}: one of them was replaced`,
    );
  }

  /** A whole record with another number than the next: a duplicate at once, a gap once the missing one was sought. */
  #misplaced(seq: number): void {
    if (seq < this.#nextSeq) {
      throw this.#report(
        this.#damageAt(
          'duplicate',
          seq,
          `a second record has seq ${seq} where seq ${this.#nextSeq} is due: one was inserted`,
        ),
      );
    }
    const last = seq - 1;
    const what = last === this.#nextSeq ? `seq ${last} is` : `seq ${this.#nextSeq} to ${last} are`;
    const damage = this.#damageAt('gap', this.#nextSeq, `${what} missing before seq ${seq}: deleted or lost`);
    this.#missing = { damage, searched: 0 };
  }

  #searchMissing(text: Buffer, start: number, end: number): void {
    const missing = this.#missing;
    if (missing === undefined) return;
    const isFound =
      hasRecordShape(text, start, end) &&
      this.#seqOf(text, start + RECORD_HEAD_BYTES, end - RECORD_TAIL_BYTES) === missing.damage.seq;
    if (isFound) {
      const { seq, offset, lastGoodSeq } = missing.damage;
      const detail = `seq ${seq} stands ${missing.searched + 1} records too late: records were swapped or moved`;
      throw this.#report(new Damage({ kind: 'reordered', seq, offset, lastGoodSeq, detail }));
    }
    missing.searched++;
    if (missing.searched >= LOOKAHEAD_RECORDS) throw this.#report(missing.damage);
  }

  #seqOf(text: Buffer, start: number, end: number): number | undefined {
    if (this.#scanner.scan(text, start, end, true)) return this.#scanner.seq;
    const other = readOtherEvent(text.subarray(start, end));
    if (other.is === 'legacy') return other.seq;
    if (other.is === 'nothing' || !this.#scanner.scan(other.canonical, 0, other.canonical.length, true))
      return undefined;
    return this.#scanner.seq;
  }

  #compareWith(nextSeq: number, hash: string): void {
    this.#offset = this.#committedOffset;
    if (this.#committedSeq < nextSeq) {
      const detail = `the log ends before seq ${this.#committedSeq} and is known to have reached seq ${nextSeq - 1}`;
      throw this.#report(this.#damageAt('truncated', this.#committedSeq, detail));
    }
    if (this.#committedSeq === nextSeq && this.#committedHash !== hash) {
      const detail = `the log ends with the hash ${this.#committedHash}, known is ${hash}`;
      throw this.#report(this.#damageAt('chain_broken', Math.max(0, nextSeq - 1), detail));
    }
  }

  #tooLong(): never {
    if (this.#missing !== undefined) throw this.#report(this.#missing.damage);
    this.#offset = this.#nextOffset;
    const detail = `a line is longer than ${MAX_RECORD_BYTES} bytes: a line end was lost, or this is no log`;
    throw this.#found('too_large', detail);
  }

  #mustHold(violation: Violation | undefined): void {
    if (violation !== undefined) throw this.#found(violation.kind, violation.detail);
  }

  #found(kind: DamageKind, detail: string): Damage {
    return this.#report(this.#damageAt(kind, this.#nextSeq, detail));
  }

  #damageAt(kind: DamageKind, seq: number, detail: string): Damage {
    return new Damage({ kind, seq, lastGoodSeq: this.#goodSeq, offset: this.#offset, detail });
  }

  #report(damage: Damage): Damage {
    this.#damage = damage;
    return damage;
  }
}
