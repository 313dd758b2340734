interface Comer {
  readonly id: string;
  /** Seq of its first observation. */
  readonly since: number;
}

/** The places of a quota: the first comers have them, the others wait in their order. */
export class Places {
  readonly #max: number;
  readonly #holders = new Set<string>();
  readonly #waiting = new Set<string>();
  #newest = -1;

  constructor(max: number, comers: readonly Comer[]) {
    this.#max = max;
    for (const { id, since } of [...comers].sort((a, b) => a.since - b.since)) this.enter(id, since);
  }

  /** Whether it has a place; for somebody who has not come yet, whether one is left. */
  has(id: string): boolean {
    return this.#holders.has(id) || (!this.#waiting.has(id) && this.#holders.size < this.#max);
  }

  /** Takes in a new comer; false for one that has come before somebody who is here, so that all have to be put in order. */
  enter(id: string, since: number): boolean {
    if (since < this.#newest) return false;
    this.#newest = since;
    if (this.#holders.size < this.#max) this.#holders.add(id);
    else this.#waiting.add(id);
    return true;
  }

  /** Lets one go. Returns who gets the place that is free now. */
  leave(id: string): string | undefined {
    this.#waiting.delete(id);
    if (!this.#holders.delete(id)) return undefined;
    for (const next of this.#waiting) {
      this.#waiting.delete(next);
      this.#holders.add(next);
      return next;
    }
    return undefined;
  }
}
