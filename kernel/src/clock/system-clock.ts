import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from '../contracts/clock.js';

/** Longest wait that a timer of Node keeps; it fires a longer one at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** The system's time and timers. */
export class SystemClock implements Clock {
  now(): number {
    return Date.now();
  }

  monotonic(): number {
    return performance.now();
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    try {
      for (let left = ms; ; left -= MAX_TIMER_MS) {
        await delay(Math.min(left, MAX_TIMER_MS), undefined, signal === undefined ? {} : { signal });
        if (left <= MAX_TIMER_MS) return;
      }
    } catch (error) {
      // Node rejects with an AbortError of its own; the caller is promised the signal's reason.
      signal?.throwIfAborted();
      throw error;
    }
  }

  schedule(ms: number, callback: () => void): Disposable {
    let timer: NodeJS.Timeout;
    const arm = (left: number): void => {
      timer = setTimeout(
        () => (left > MAX_TIMER_MS ? arm(left - MAX_TIMER_MS) : callback()),
        Math.min(left, MAX_TIMER_MS),
      );
      timer.unref();
    };
    arm(ms);
    return { [Symbol.dispose]: () => clearTimeout(timer) };
  }
}
