import { RECORD_TAIL_BYTES, type VerifiedLine } from '@rynxs/log';
import type { ReadCommit } from './read-records.js';
import { type ShownEvent, shownEvent, textOf } from './shown-event.js';

/** A term of a writer. Names are those of `rynxs log epochs --output json`. */
export interface EpochReport {
  /** 0 for records of earlier versions, which knew no terms. */
  readonly epoch: number;
  /** Who wrote it: the holder of the term; null where it is not recorded. */
  readonly writer: string | null;
  readonly first_seq: number;
  readonly last_seq: number;
  readonly records: number;
  /** Time of its first record, and of its last one. */
  readonly began: string;
  readonly last_ts: string;
  /** When it was over: its EpochEnded, or the EpochStarted that fenced it; null while it is the last. */
  readonly ended: string | null;
  /**
   * `ended`: in good order. `fenced`: the next term began without that, so that whatever the writer sent after it was
   * refused. `open`: it is the last, and runs or was lost. `unknown`: the log is damaged before the term's end.
   */
  readonly end: 'ended' | 'fenced' | 'open' | 'unknown';
  /** Why it ended, where it said so. */
  readonly reason: string | null;
}

type OpenEpoch = {
  -readonly [Field in Exclude<keyof EpochReport, 'end'>]: EpochReport[Field];
};

/** Where a line names its event's type, and no payload can: `"type":"Epoch…"}` stands directly before the hashes. */
const TYPE_FROM_END_BYTES = RECORD_TAIL_BYTES + '"type":"EpochStarted"}'.length;
const EPOCH_TYPE = Buffer.from('"type":"Epoch');
const VERSION_3 = Buffer.from('"hash_version":"v3"');

/**
 * Follows the terms of a log, from one commit to the next, and hands each over when the next one begins: memory does not
 * grow with the log. It wants the records that `selects` selects.
 */
export class LogEpochs {
  readonly #onEpoch: (epoch: EpochReport) => void;
  #open: OpenEpoch | undefined;

  constructor(onEpoch: (epoch: EpochReport) => void) {
    this.#onEpoch = onEpoch;
  }

  /** The first and last records of terms, and all of the earlier versions, which name no term; see readCommits. */
  static selects(text: Uint8Array, start: number, end: number): boolean {
    const type = Math.max(start, end - TYPE_FROM_END_BYTES);
    const line = Buffer.from(text.buffer, text.byteOffset + start, end - start);
    return line.includes(EPOCH_TYPE, type - start) || !line.includes(VERSION_3);
  }

  /** Takes in a commit; terms begin with one, so that it stands in one term as a whole. */
  add({ commit, records, term }: ReadCommit): void {
    const events = records.map(shownLine);
    const [first] = events;
    if (this.#open?.epoch !== term.epoch) this.#begin(commit.firstSeq, term, first);
    const open = this.#open;
    if (open === undefined) return;
    open.last_seq = commit.firstSeq + commit.count - 1;
    open.last_ts = term.lastTs ?? events.at(-1)?.ts ?? open.last_ts;
    open.records += commit.count;
    const ending = events.find(({ type }) => type === 'EpochEnded');
    if (ending === undefined || term.epoch === 0) return;
    open.ended = ending.ts;
    open.reason = textOf(ending.payload.reason) ?? null;
  }

  /** Hands the last term over: `open` at the end of the log, `unknown` where it cannot be read on. */
  finish(unlessEnded: 'open' | 'unknown'): void {
    this.#close(unlessEnded);
    this.#open = undefined;
  }

  #begin(seq: number, { epoch, writer }: ReadCommit['term'], first: ShownEvent | undefined): void {
    const began = first?.ts ?? '';
    this.#close('fenced', began);
    this.#open = {
      epoch,
      writer: writer ?? null,
      first_seq: seq,
      last_seq: seq,
      records: 0,
      began,
      last_ts: began,
      ended: null,
      reason: null,
    };
  }

  #close(unlessEnded: Exclude<EpochReport['end'], 'ended'>, nextBegan: string | null = null): void {
    if (this.#open === undefined) return;
    const isEnded = this.#open.ended !== null;
    this.#onEpoch({
      ...this.#open,
      ended: this.#open.ended ?? nextBegan,
      end: isEnded ? 'ended' : unlessEnded,
    });
  }
}

function shownLine({ event }: VerifiedLine): ShownEvent {
  return shownEvent(event);
}
