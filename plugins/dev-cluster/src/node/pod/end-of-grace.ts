import type { Clock } from '@rynxs/kernel';

/** The time that a pod's processes have for ending by themselves. It begins once, and can only be shortened after that. */
export class EndOfGrace implements Disposable {
  readonly #over = Promise.withResolvers<void>();
  #timer: Disposable | undefined;
  #endsAt = Number.POSITIVE_INFINITY;

  constructor(private readonly clock: Clock) {}

  /** Resolves when the time is over. */
  get over(): Promise<void> {
    return this.#over.promise;
  }

  /** The time is over in `ms`, if it would not be before. */
  within(ms: number): void {
    const endsAt = this.clock.monotonic() + ms;
    if (endsAt >= this.#endsAt) return;
    this.#endsAt = endsAt;
    this.#timer?.[Symbol.dispose]();
    if (ms <= 0) this.#over.resolve();
    else this.#timer = this.clock.schedule(ms, () => this.#over.resolve());
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
  }
}
