/** One thing at a time is done with the log's position: what has to be first aborts what can be done again. */
export class RivalTurns {
  #last: Promise<unknown> = Promise.resolve();
  #yielding = new AbortController();

  /** Does `work` as soon as what is under way has given way. */
  async first<T>(work: () => Promise<T>): Promise<T> {
    this.#yielding.abort(new Error('something else comes first'));
    this.#yielding = new AbortController();
    return this.#next(work);
  }

  /** Does `work`, with a signal that aborts too when something has to be first; resolves when it was aborted by that. */
  async whenFree(signal: AbortSignal, work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const { signal: yielding } = this.#yielding;
    await this.#next(async () => {
      if (yielding.aborted) return;
      try {
        await work(AbortSignal.any([signal, yielding]));
      } catch (error) {
        if (!yielding.aborted || signal.aborted) throw error;
      }
    });
  }

  #next<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(work);
    this.#last = done.catch(() => undefined);
    return done;
  }
}
