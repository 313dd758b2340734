import type { Leadership, Tenure } from '@rynxs/kernel';

/** A tenure as the simulation sees it. */
export interface ObservedTenure {
  readonly process: string;
  /** The epoch of its term, as it was announced; undefined while it has none. */
  epoch: number | undefined;
}

/**
 * The leadership of one process, watched: which tenure was asserted last, and what becomes of it. Nothing is changed
 * unless `distort` breaks the tenure on purpose.
 */
export class ObservedLeadership implements Leadership {
  readonly #inner: Leadership;
  readonly #process: string;
  readonly #distort: (tenure: Tenure) => Tenure;
  #asserted: ObservedTenure | undefined;

  constructor(inner: Leadership, process: string, distort: (tenure: Tenure) => Tenure = (tenure) => tenure) {
    this.#inner = inner;
    this.#process = process;
    this.#distort = distort;
  }

  /** The tenure that `check` asserts with success; undefined when it asserts none. Throws what `check` throws. */
  assertedBy(check: () => void): ObservedTenure | undefined {
    this.#asserted = undefined;
    check();
    return this.#asserted;
  }

  async *campaign(signal: AbortSignal): AsyncGenerator<Tenure> {
    for await (const tenure of this.#inner.campaign(signal)) yield this.#observe(this.#distort(tenure));
  }

  #observe(tenure: Tenure): Tenure {
    const observed: ObservedTenure = { process: this.#process, epoch: undefined };
    return {
      holder: tenure.holder,
      signal: tenure.signal,
      handover: tenure.handover,
      writeTimeoutMs: tenure.writeTimeoutMs,
      holdOffMs: tenure.holdOffMs,
      assert: (remainingMs) => {
        tenure.assert(remainingMs);
        this.#asserted = observed;
      },
      announce: (term) => {
        observed.epoch = term.epoch;
        tenure.announce(term);
      },
      release: () => tenure.release(),
    };
  }
}
