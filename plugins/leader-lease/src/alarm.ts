import type { Clock } from '@rynxs/kernel';

/** Pauses that can be cut short. One at a time. */
export class Alarm {
  readonly #clock: Clock;
  #hasRung = false;
  #end: (() => void) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Ends the pause that is under way, else the next one before it begins. */
  ring(): void {
    if (this.#end === undefined) this.#hasRung = true;
    else this.#end();
  }

  /** Resolves after `ms` milliseconds, when the alarm rings, or when the signal aborts. */
  async pause(ms: number, signal: AbortSignal): Promise<void> {
    if (this.#hasRung || signal.aborted || ms <= 0) {
      this.#hasRung = false;
      return;
    }
    const { promise, resolve } = Promise.withResolvers<void>();
    const end = () => resolve();
    this.#end = end;
    signal.addEventListener('abort', end, { once: true });
    using _ = this.#clock.schedule(ms, end);
    await promise;
    signal.removeEventListener('abort', end);
    this.#end = undefined;
  }
}
