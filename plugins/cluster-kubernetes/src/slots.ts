/** A limit on how many things happen at a time. Turns are given in the order in which they were asked for. */
export class Slots {
  #free: number;
  // A set keeps the order of insertion and lets go of a waiter that has given up without a search.
  readonly #waiting = new Set<() => void>();

  constructor(readonly limit: number) {
    this.#free = limit;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /** Takes a slot if one is free at once. */
  tryTake(): boolean {
    if (this.#free === 0) return false;
    this.#free -= 1;
    return true;
  }

  /** Queues for a slot: `onTurn` is called when it is taken. Returns what leaves the queue again. */
  wait(onTurn: () => void): () => void {
    this.#waiting.add(onTurn);
    return () => {
      this.#waiting.delete(onTurn);
    };
  }

  /** Gives a slot back: to who waits longest, if anybody does. */
  release(): void {
    for (const onTurn of this.#waiting) {
      this.#waiting.delete(onTurn);
      onTurn();
      return;
    }
    this.#free += 1;
  }
}
