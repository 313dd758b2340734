import type { VerifiedLine } from '@rynxs/log';
import { type ShownEvent, shownEvent, textOf } from './shown-event.js';

/** A term of a writer. Names are those of `rynxs log epochs --output json`. */
export interface EpochReport {
  /** 0 for records of earlier versions, which knew no terms. */
  readonly epoch: number;
  /** Who held the term; null where it is not recorded. */
  readonly holder: string | null;
  readonly first_seq: number;
  readonly first_ts: string;
  readonly last_seq: number;
  readonly last_ts: string;
  readonly records: number;
  /** `ended`: in good order. `overtaken`: the next one began without that. `open`: it is the last, and may go on. */
  readonly end: 'ended' | 'overtaken' | 'open';
  /** Why it ended, where it said so. */
  readonly reason: string | null;
}

interface OpenEpoch {
  epoch: number;
  holder: string | null;
  first_seq: number;
  first_ts: string;
  last_seq: number;
  last_ts: string;
  records: number;
  ending: { readonly reason: string | null } | undefined;
}

/** Follows the terms of a log, from one record to the next, and hands each over when the next one begins. */
export class LogEpochs {
  #open: OpenEpoch | undefined;

  constructor(private readonly onEpoch: (epoch: EpochReport) => void) {}

  add({ event }: VerifiedLine): void {
    const shown = shownEvent(event);
    if (this.#open?.epoch !== shown.epoch) this.#begin(shown);
    const open = this.#open;
    if (open === undefined) return;
    open.last_seq = shown.seq;
    open.last_ts = shown.ts;
    open.records += 1;
    if (shown.type === 'EpochEnded') open.ending = { reason: textOf(shown.payload.reason) ?? null };
  }

  /** Hands the last term over. */
  finish(): void {
    this.#close('open');
    this.#open = undefined;
  }

  #begin({ seq, ts, type, epoch, payload }: ShownEvent): void {
    this.#close('overtaken');
    this.#open = {
      epoch,
      holder: type === 'EpochStarted' ? (textOf(payload.holder) ?? null) : null,
      first_seq: seq,
      first_ts: ts,
      last_seq: seq,
      last_ts: ts,
      records: 0,
      ending: undefined,
    };
  }

  #close(unlessEnded: 'overtaken' | 'open'): void {
    if (this.#open === undefined) return;
    const { ending, ...epoch } = this.#open;
    this.onEpoch({
      ...epoch,
      end: ending === undefined ? unlessEnded : 'ended',
      reason: ending?.reason ?? null,
    });
  }
}
