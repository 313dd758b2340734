import { readFileSync } from 'node:fs';

/** Pressure stall information of Linux (Documentation/accounting/psi.rst). */
const FILE = '/proc/pressure/cpu';
const SAMPLE_EVERY_MS = 200;

/** Tells for how much of a time something on this machine had to wait for a processor: what is late then says nothing. */
export class CpuPressure implements Disposable {
  readonly #samples: { readonly atMs: number; readonly stalledMs: number }[] = [];
  readonly #timer = setInterval(() => this.#sample(), SAMPLE_EVERY_MS);

  constructor() {
    this.#sample();
  }

  /** The part of that time, in milliseconds of `Date.now()`, from 0 to 1; 0 where the system does not tell. */
  during(fromMs: number, toMs: number): number {
    const first = this.#samples.findLast(({ atMs }) => atMs <= fromMs) ?? this.#samples[0];
    const last = this.#samples.find(({ atMs }) => atMs >= toMs) ?? this.#samples.at(-1);
    if (first === undefined || last === undefined || last.atMs <= first.atMs) return 0;
    return (last.stalledMs - first.stalledMs) / (last.atMs - first.atMs);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  #sample(): void {
    const total = stalledUs();
    if (total !== undefined) this.#samples.push({ atMs: Date.now(), stalledMs: total / 1_000 });
  }
}

function stalledUs(): number | undefined {
  try {
    const total = /^some .*total=(\d+)$/m.exec(readFileSync(FILE, 'utf8'))?.[1];
    return total === undefined ? undefined : Number(total);
  } catch {
    // A system without pressure stall information.
    return undefined;
  }
}
