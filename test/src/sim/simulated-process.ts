import type { Clock } from '@rynxs/kernel';
import type { Scheduler } from './scheduler.js';

const STARTED_AT_MS = Date.UTC(2026, 0, 1);
/** Rates are multiples of a fraction that products of floating-point numbers keep exactly: see Scheduler. */
const RATE_STEPS = 1_024;

export interface ProcessOptions {
  /** How much of itself the process's time gains (above 0) or loses against true time; rounded to a 1,024th. Default 0. */
  readonly drift?: number;
}

/**
 * One process of a simulation: it can be paused, as by SIGSTOP or a machine that swaps, and killed. Everything from
 * outside reaches it through `deliver`, its timers included: late when it is paused, never when it is dead.
 */
export class SimulatedProcess {
  readonly clock: Clock;
  readonly #held: (() => void)[] = [];
  #state: 'running' | 'paused' | 'dead' = 'running';
  #wallOffsetMs = 0;

  constructor(
    readonly name: string,
    scheduler: Scheduler,
    { drift = 0 }: ProcessOptions = {},
  ) {
    const rate = 1 + Math.round(drift * RATE_STEPS) / RATE_STEPS;
    const monotonic = (): number => scheduler.now * rate;
    this.clock = {
      now: () => STARTED_AT_MS + Math.floor(monotonic() + this.#wallOffsetMs),
      monotonic,
      schedule: (ms, callback) => {
        let isDisposed = false;
        const timer = scheduler.schedule(ms / rate, () => {
          this.deliver(() => {
            if (!isDisposed) callback();
          });
        });
        return {
          [Symbol.dispose]: () => {
            isDisposed = true;
            timer[Symbol.dispose]();
          },
        };
      },
      sleep: (ms, signal) =>
        new Promise((resolve, reject) => {
          if (signal?.aborted) {
            reject(signal.reason);
            return;
          }
          const onAbort = (): void => {
            timer[Symbol.dispose]();
            reject(signal?.reason);
          };
          const timer = this.clock.schedule(ms, () => {
            signal?.removeEventListener('abort', onAbort);
            resolve();
          });
          signal?.addEventListener('abort', onAbort, { once: true });
        }),
    };
  }

  get isDead(): boolean {
    return this.#state === 'dead';
  }

  /** Sets the wall clock, forwards or back; monotonic time does not notice. */
  skew(ms: number): void {
    this.#wallOffsetMs = ms;
  }

  /** Lets something from outside happen to the process. */
  deliver(what: () => void): void {
    if (this.#state === 'running') what();
    else if (this.#state === 'paused') this.#held.push(what);
  }

  pause(): void {
    if (this.#state === 'running') this.#state = 'paused';
  }

  resume(): void {
    if (this.#state !== 'paused') return;
    this.#state = 'running';
    for (const what of this.#held.splice(0)) this.deliver(what);
  }

  /** Ends the process as kill -9 does. What it has sent is on its way nevertheless. */
  kill(): void {
    this.#state = 'dead';
    this.#held.length = 0;
  }
}
