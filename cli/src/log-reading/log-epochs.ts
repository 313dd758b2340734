import type { Json, LogEvent, VerifiedLine } from '@rynxs/log';

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
    // Records of earlier versions have no meta.
    const epoch = event.meta?.epoch ?? 0;
    if (this.#open?.epoch !== epoch) this.#begin(event, epoch);
    const open = this.#open;
    if (open === undefined) return;
    open.last_seq = event.seq;
    open.last_ts = event.ts;
    open.records += 1;
    if (event.type === 'EpochEnded') open.ending = { reason: textOf(event.payload.reason) };
  }

  /** Hands the last term over. */
  finish(): void {
    this.#close('open');
    this.#open = undefined;
  }

  #begin(event: LogEvent, epoch: number): void {
    this.#close('overtaken');
    this.#open = {
      epoch,
      holder: event.type === 'EpochStarted' ? textOf(event.payload.holder) : null,
      first_seq: event.seq,
      first_ts: event.ts,
      last_seq: event.seq,
      last_ts: event.ts,
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

function textOf(value: Json | undefined): string | null {
  return typeof value === 'string' ? value : null;
}
