import type { OutputFormat } from '../terminal/output-format.js';
import { formatNumber } from '../terminal/quantities.js';
import { formatTable } from '../terminal/table.js';
import type { Terminal } from '../terminal/terminal.js';
import { writeOut } from '../terminal/write-out.js';
import type { EpochReport } from './log-epochs.js';

/** So many terms are kept to be printed together, with columns of one width. */
const TERMS_A_PAGE = 1_000;

/** Prints terms as a table, or as one JSON array, a page at a time. */
export class EpochPrinter {
  readonly #terminal: Terminal;
  readonly #output: OutputFormat;
  #page: EpochReport[] = [];
  #printed = 0;

  constructor(terminal: Terminal, output: OutputFormat) {
    this.#terminal = terminal;
    this.#output = output;
  }

  add(epoch: EpochReport): void {
    this.#page.push(epoch);
  }

  /** Prints what makes a page. The promise, if there is one, resolves when the reader has room for more. */
  flush(): Promise<void> | undefined {
    return this.#page.length < TERMS_A_PAGE ? undefined : this.#write(this.#text());
  }

  /** Prints the rest, and ends the array; nothing where there were no terms. */
  async finish(): Promise<void> {
    if (this.#printed + this.#page.length === 0) return;
    await this.#write(this.#output === 'json' ? `${this.#text()}]\n` : this.#text());
  }

  #text(): string {
    const page = this.#page;
    const isFirst = this.#printed === 0;
    this.#page = [];
    this.#printed += page.length;
    if (this.#output === 'text') return formatEpochs(page, isFirst);
    if (page.length === 0) return '';
    return `${isFirst ? '[' : ','}${page.map((epoch) => JSON.stringify(epoch)).join(',')}`;
  }

  #write(text: string): Promise<void> | undefined {
    return text === '' ? undefined : writeOut(this.#terminal.stdout, text, this.#terminal.interrupted);
  }
}

const COLUMNS = ['EPOCH', 'WRITER', 'FIRST', 'LAST', 'RECORDS', 'BEGAN', 'ENDED', 'HOW'] as const;

/** Terms as a table; without its head on later pages. */
export function formatEpochs(epochs: readonly EpochReport[], hasHead: boolean): string {
  const table = formatTable(
    COLUMNS,
    epochs.map((epoch) => [
      String(epoch.epoch),
      epoch.writer ?? '-',
      `seq ${epoch.first_seq}`,
      `seq ${epoch.last_seq}`,
      formatNumber(epoch.records),
      epoch.began || '-',
      epoch.ended || '-',
      howItEnded(epoch),
    ]),
  );
  return hasHead ? table : table.slice(table.indexOf('\n') + 1);
}

function howItEnded({ end, reason }: EpochReport): string {
  switch (end) {
    case 'ended':
      return reason === null ? 'ended' : `ended (${reason})`;
    case 'fenced':
      return 'fenced';
    case 'open':
      return 'running or lost';
    case 'unknown':
      return 'unknown: the log is damaged after this';
  }
}
