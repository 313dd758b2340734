import type { VerifiedLine } from '@rynxs/log';
import { shownEvent } from './shown-event.js';

export interface Count<N extends string | number> {
  readonly name: N;
  readonly records: number;
}

/** Names are those of `rynxs log stats --output json`. */
export interface LogStatisticsReport {
  readonly records: number;
  readonly bytes: number;
  readonly commits: number;
  /** The largest record, its line's end included. */
  readonly largest_record_bytes: number;
  readonly first_ts: string | null;
  readonly last_ts: string | null;
  /** Between the first record and the last; null when they are of one moment. */
  readonly records_per_second: number | null;
  /** Most records first. */
  readonly by_type: readonly Count<string>[];
  /** By aggregate, `log` for the log's own events; most records first. */
  readonly by_agent: readonly Count<string>[];
  /** In the order of the epochs. */
  readonly by_epoch: readonly Count<number>[];
}

/** Counts records. Memory grows with the number of different types, aggregates and epochs only. */
export class LogStatistics {
  #records = 0;
  #bytes = 0;
  #commits = 0;
  #largest = 0;
  #firstTs: string | undefined;
  #lastTs: string | undefined;
  readonly #types = new Map<string, number>();
  readonly #aggregates = new Map<string, number>();
  readonly #epochs = new Map<number, number>();

  get records(): number {
    return this.#records;
  }

  /** Counts a whole commit. */
  add(records: readonly VerifiedLine[]): void {
    this.#commits += 1;
    for (const record of records) this.#count(record);
  }

  report(): LogStatisticsReport {
    const seconds = (Date.parse(this.#lastTs ?? '') - Date.parse(this.#firstTs ?? '')) / 1000;
    return {
      records: this.#records,
      bytes: this.#bytes,
      commits: this.#commits,
      largest_record_bytes: this.#largest,
      first_ts: this.#firstTs ?? null,
      last_ts: this.#lastTs ?? null,
      records_per_second: seconds > 0 ? Number((this.#records / seconds).toPrecision(3)) : null,
      by_type: sorted(this.#types),
      by_agent: sorted(this.#aggregates),
      by_epoch: [...this.#epochs].map(([name, records]) => ({ name, records })),
    };
  }

  #count({ event, line }: VerifiedLine): void {
    const bytes = line.length + 1;
    this.#records += 1;
    this.#bytes += bytes;
    this.#largest = Math.max(this.#largest, bytes);
    const { ts, type, aggregateId, epoch } = shownEvent(event);
    if (ts !== '') {
      this.#firstTs ??= ts;
      this.#lastTs = ts;
    }
    increment(this.#types, type);
    increment(this.#aggregates, aggregateId);
    increment(this.#epochs, epoch);
  }
}

function increment<K>(counts: Map<K, number>, key: K): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

function sorted(counts: ReadonlyMap<string, number>): readonly Count<string>[] {
  return [...counts]
    .map(([name, records]) => ({ name, records }))
    .sort((a, b) => b.records - a.records || (a.name < b.name ? -1 : 1));
}
