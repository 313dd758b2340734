import type { Clock } from '@rynxs/kernel';
import { listenToAbort } from './abort-listeners.js';

/** What ends a call early: its deadline, or the caller. */
export type CallEnd = 'deadline' | 'aborted';

/** The bounds of one call. One timer and one listener, however many steps the call has; `dispose` lets go of both. */
export class CallScope implements Disposable {
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  readonly #deadlineMs: number;
  readonly #timer: Disposable;
  readonly #listening: Disposable;
  #end: CallEnd | undefined;
  #onEnd: ((end: CallEnd) => void) | undefined;

  constructor(clock: Clock, signal: AbortSignal, timeoutMs: number) {
    this.#clock = clock;
    this.#signal = signal;
    this.#deadlineMs = clock.monotonic() + timeoutMs;
    this.#timer = clock.schedule(timeoutMs, () => this.#finish('deadline'));
    this.#listening = listenToAbort(signal, () => this.#finish('aborted'));
    if (signal.aborted) this.#finish('aborted');
  }

  get end(): CallEnd | undefined {
    return this.#end;
  }

  /** The caller's reason for giving up. */
  get reason(): unknown {
    return this.#signal.reason;
  }

  get remainingMs(): number {
    return Math.max(0, this.#deadlineMs - this.#clock.monotonic());
  }

  /** Calls `onEnd` when the call ends early, until the next step asks for it; at once when it has ended. */
  onEnd(onEnd: (end: CallEnd) => void): void {
    if (this.#end === undefined) this.#onEnd = onEnd;
    else onEnd(this.#end);
  }

  /** The outcome of `work`, or a rejection with the CallEnd as soon as the call ends. The work itself goes on. */
  during<T>(work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.onEnd(reject);
      work.then(resolve, reject);
    });
  }

  [Symbol.dispose](): void {
    this.#onEnd = undefined;
    this.#timer[Symbol.dispose]();
    this.#listening[Symbol.dispose]();
  }

  #finish(end: CallEnd): void {
    if (this.#end !== undefined) return;
    this.#end = end;
    this.#onEnd?.(end);
  }
}
