import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '../contracts/clock.js';

interface Timer {
  readonly due: number;
  readonly order: number;
  readonly fire: () => void;
}

/** Time that stands still until a test moves it. Timers fire in the order in which they are due. */
export class FakeClock implements Clock {
  readonly #timers = new Set<Timer>();
  readonly #watchers = new Set<() => void>();
  #wallOffsetMs: number;
  #elapsedMs = 0;
  #order = 0;

  /** `startMs` is the wall-clock time at the start, in milliseconds since 1970. */
  constructor(startMs: number = Date.UTC(2026, 0, 1)) {
    this.#wallOffsetMs = startMs;
  }

  now(): number {
    return this.#wallOffsetMs + this.#elapsedMs;
  }

  monotonic(): number {
    return this.#elapsedMs;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason);
        return;
      }
      const onAbort = (): void => {
        timer[Symbol.dispose]();
        reject(signal?.reason);
      };
      const timer = this.schedule(ms, () => {
        signal?.removeEventListener('abort', onAbort);
        resolve();
      });
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  }

  schedule(ms: number, callback: () => void): Disposable {
    const timer: Timer = { due: this.#elapsedMs + Math.max(0, ms), order: this.#order++, fire: callback };
    this.#timers.add(timer);
    for (const check of [...this.#watchers]) check();
    return { [Symbol.dispose]: () => void this.#timers.delete(timer) };
  }

  /**
   * Moves time on by `ms`, firing each timer at its own time. What a timer sets off runs before the next one fires,
   * as far as it needs no I/O; timers that it sets fire too if they are due within the span.
   */
  async advance(ms: number): Promise<void> {
    const end = this.#elapsedMs + ms;
    await nextTurn();
    for (let timer = this.#next(end); timer !== undefined; timer = this.#next(end)) {
      this.#timers.delete(timer);
      this.#elapsedMs = Math.max(this.#elapsedMs, timer.due);
      timer.fire();
      await nextTurn();
    }
    this.#elapsedMs = end;
  }

  /** Moves time on to the next timer and fires it; throws when none waits. */
  async runNext(): Promise<void> {
    await nextTurn();
    const timer = this.#next(Number.POSITIVE_INFINITY);
    if (timer === undefined) throw new Error('no timer waits');
    await this.advance(Math.max(0, timer.due - this.#elapsedMs));
  }

  /** Moves the wall clock, forwards or back, as a system does when it is set; `monotonic` and timers do not notice. */
  setWallClock(nowMs: number): void {
    this.#wallOffsetMs = nowMs - this.#elapsedMs;
  }

  /** Timers that wait. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Resolves as soon as `count` timers wait: the code under test has come to its pause. */
  async waitForTimers(count: number): Promise<void> {
    if (this.pending >= count) return;
    await new Promise<void>((resolve) => {
      const check = (): void => {
        if (this.pending < count) return;
        this.#watchers.delete(check);
        resolve();
      };
      this.#watchers.add(check);
    });
  }

  #next(end: number): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.due > end) continue;
      if (
        next === undefined ||
        timer.due < next.due ||
        (timer.due === next.due && timer.order < next.order)
      ) {
        next = timer;
      }
    }
    return next;
  }
}
