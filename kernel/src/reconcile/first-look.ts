/** Knows when each object that was there at the start of a term is on the record. */
export class FirstLook {
  readonly #unseen = new Set<string>();
  readonly #finished = Promise.withResolvers<void>();

  /** Resolves when that is so, or when nobody looks any more. */
  get finished(): Promise<void> {
    return this.#finished.promise;
  }

  /** Names the objects that there are, by their keys in the queue. */
  begin(keys: Iterable<string>): void {
    for (const key of keys) this.#unseen.add(key);
    if (this.#unseen.size === 0) this.end();
  }

  /** The object is on the record. */
  seen(key: string): void {
    if (this.#unseen.delete(key) && this.#unseen.size === 0) this.end();
  }

  /** Nobody looks any more. */
  end(): void {
    this.#finished.resolve();
  }
}
