const FIRST_DELAY_MS = 10_000;
const MAX_DELAY_MS = 300_000;
/** A container that ran so long has recovered. */
const RESET_AFTER_MS = 600_000;

/** How long a container waits before it is started again: not at all, then 10 s, doubled each time up to 5 min. */
export class BackOff {
  #delayMs = 0;

  /** The wait after a run of `ranForMs`, in milliseconds. */
  next(ranForMs: number): number {
    const delay = ranForMs >= RESET_AFTER_MS ? 0 : this.#delayMs;
    this.#delayMs = delay === 0 ? FIRST_DELAY_MS : Math.min(delay * 2, MAX_DELAY_MS);
    return delay;
  }
}
