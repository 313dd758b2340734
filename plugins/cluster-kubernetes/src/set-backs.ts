/**
 * What one reflector finds out about the server holds for all of a client: that it was set back to an earlier state. Others
 * may come too late to see it themselves, when their versions have been given anew.
 */
export class SetBacks {
  readonly #listeners = new Set<() => void>();

  /** Tells everybody. */
  found(): void {
    for (const listener of this.#listeners) listener();
  }

  subscribe(listener: () => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }
}
