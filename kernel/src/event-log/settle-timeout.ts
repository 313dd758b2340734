import type { Clock } from '../contracts/clock.js';

/**
 * Limits how long one commit after the other may take to be settled. One timer looks after all of them: it is armed by
 * the first, and as long as there are any, because arming and disarming one for each costs more than the rest of it.
 */
export class SettleTimeout implements Disposable {
  readonly #clock: Clock;
  readonly #limitMs: number;
  readonly #late = new AbortController();
  /** When the commit under way began; undefined between two. */
  #beganAt: number | undefined;
  #timer: Disposable | undefined;

  constructor(clock: Clock, limitMs: number) {
    this.#clock = clock;
    this.#limitMs = limitMs;
  }

  /** Aborts, for good, when a commit takes longer than the limit. */
  get signal(): AbortSignal {
    return this.#late.signal;
  }

  /** Begins a commit, which ends when what is returned is disposed. */
  begin(): Disposable {
    this.#beganAt = this.#clock.monotonic();
    if (this.#timer === undefined) this.#arm(this.#limitMs);
    return this.#commit;
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
  }

  readonly #commit: Disposable = {
    [Symbol.dispose]: () => {
      this.#beganAt = undefined;
    },
  };

  #arm(ms: number): void {
    this.#timer = this.#clock.schedule(ms, () => {
      this.#timer = undefined;
      if (this.#beganAt === undefined) return;
      const left = this.#beganAt + this.#limitMs - this.#clock.monotonic();
      if (left > 0) this.#arm(left);
      else this.#late.abort(new Error(`a commit was not settled within ${this.#limitMs} ms`));
    });
  }
}
