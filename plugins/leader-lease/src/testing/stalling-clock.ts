import type { Clock } from '@rynxs/kernel';
import type { FakeClock } from '@rynxs/kernel/testing';

/** A clock of a process that stalls: its time goes on while none of its timers fires. */
export class StallingClock implements Clock {
  readonly #clock: FakeClock;
  #stalledMs = 0;

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  /** The process does nothing for so long. */
  stall(ms: number): void {
    this.#stalledMs += ms;
  }

  now(): number {
    return this.#clock.now() + this.#stalledMs;
  }

  monotonic(): number {
    return this.#clock.monotonic() + this.#stalledMs;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return this.#clock.sleep(ms, signal);
  }

  schedule(ms: number, callback: () => void): Disposable {
    return this.#clock.schedule(ms, callback);
  }
}
