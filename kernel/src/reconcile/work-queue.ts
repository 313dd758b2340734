import type { Clock } from '../contracts/clock.js';
import type { Telemetry } from '../contracts/telemetry.js';
import { RetryTurns } from './retry-turns.js';
import { type Priority, WorkQueueMetrics } from './work-queue-metrics.js';

export type { Priority } from './work-queue-metrics.js';

const MIN_DELAY_MS = 5;
const MAX_DELAY_MS = 1_000_000;

/**
 * Keys that wait to be worked on, with the rules of controller-runtime's queue: a key is there at most once; a key that
 * is added while it is being worked on is worked on again afterwards, never twice at a time; new objects go before
 * resyncs; a failing key is delayed from 5 ms, doubling to 1,000 s, and all failing keys take turns.
 */
export class WorkQueue {
  readonly #clock: Clock;
  readonly #waiting: Record<Priority, Map<string, number>> = { new: new Map(), resync: new Map() };
  /** Since when each key is being worked on. */
  readonly #working = new Map<string, number>();
  readonly #again = new Map<string, Priority>();
  readonly #delayed = new Map<string, { readonly at: number; readonly timer: Disposable }>();
  readonly #failures = new Map<string, number>();
  readonly #turns: RetryTurns;
  #takers: ((key: string | undefined) => void)[] = [];
  #isClosed = false;
  readonly #metrics: WorkQueueMetrics;

  constructor(name: string, clock: Clock, telemetry: Telemetry) {
    this.#clock = clock;
    this.#turns = new RetryTurns(clock);
    this.#metrics = new WorkQueueMetrics(name, telemetry, () => ({
      waiting: { new: this.#waiting.new.size, resync: this.#waiting.resync.size },
      ages: [...this.#working.values()].map((since) => this.#secondsSince(since)),
    }));
  }

  /** Number of keys that wait or are being worked on, delayed ones not counted. */
  get busy(): number {
    return this.#waiting.new.size + this.#waiting.resync.size + this.#working.size;
  }

  add(key: string, priority: Priority = 'new'): void {
    if (this.#isClosed) return;
    const isThere = this.#again.has(key) || this.#waiting.new.has(key) || this.#waiting.resync.has(key);
    if (!isThere) this.#metrics.added();
    if (!this.#working.has(key)) this.#put(key, priority);
    else if (this.#again.get(key) !== 'new') this.#again.set(key, priority);
  }

  /** Adds the key after `delayMs`; of several delays the earliest counts. */
  addAfter(key: string, delayMs: number, priority: Priority = 'resync'): void {
    if (this.#isClosed) return;
    if (delayMs <= 0) {
      this.add(key, priority);
      return;
    }
    const at = this.#clock.monotonic() + delayMs;
    const earlier = this.#delayed.get(key);
    if (earlier !== undefined && earlier.at <= at) return;
    earlier?.timer[Symbol.dispose]();
    const timer = this.#clock.schedule(Math.min(delayMs, 2 ** 31 - 1), () => {
      this.#delayed.delete(key);
      this.add(key, priority);
    });
    this.#delayed.set(key, { at, timer });
  }

  /**
   * Adds the key after a delay that doubles with each call until `forget`, at least `atLeastMs`, and not before its turn;
   * returns it.
   */
  addRateLimited(key: string, atLeastMs = 0): number {
    const failures = this.#failures.get(key) ?? 0;
    this.#failures.set(key, failures + 1);
    this.#metrics.retried();
    const backoffMs = Math.min(MAX_DELAY_MS, MIN_DELAY_MS * 2 ** Math.min(failures, 30));
    const delayMs = Math.max(atLeastMs, backoffMs, this.#turns.take());
    this.addAfter(key, delayMs);
    return delayMs;
  }

  /** The key is fine again: its next failure starts at the shortest delay. */
  forget(key: string): void {
    this.#failures.delete(key);
  }

  /** The next key, marked as being worked on; undefined once the queue is closed. Call `done` when finished. */
  take(): Promise<string | undefined> {
    if (this.#isClosed) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      this.#takers.push(resolve);
      this.#dispatch();
    });
  }

  done(key: string): void {
    const since = this.#working.get(key);
    if (since !== undefined) this.#metrics.finished(this.#secondsSince(since));
    this.#working.delete(key);
    this.#endWhenDrained();
    const again = this.#again.get(key);
    if (again === undefined) return;
    this.#again.delete(key);
    if (!this.#isClosed) this.#put(key, again);
  }

  /** Admits nothing more; takers get undefined. */
  close(): void {
    this.#isClosed = true;
    for (const { timer } of this.#delayed.values()) timer[Symbol.dispose]();
    this.#delayed.clear();
    this.#waiting.new.clear();
    this.#waiting.resync.clear();
    for (const taker of this.#takers.splice(0)) taker(undefined);
    this.#endWhenDrained();
  }

  #put(key: string, priority: Priority): void {
    if (this.#waiting.new.has(key)) return;
    const since = this.#waiting.resync.get(key) ?? this.#clock.monotonic();
    if (priority === 'new') this.#waiting.resync.delete(key);
    this.#waiting[priority].set(key, since);
    this.#dispatch();
  }

  #dispatch(): void {
    while (this.#takers.length > 0) {
      const next = this.#first(this.#waiting.new) ?? this.#first(this.#waiting.resync);
      if (next === undefined) break;
      this.#working.set(next.key, this.#clock.monotonic());
      this.#metrics.taken(this.#secondsSince(next.since));
      this.#takers.shift()?.(next.key);
    }
  }

  #secondsSince(monotonicMs: number): number {
    return (this.#clock.monotonic() - monotonicMs) / 1000;
  }

  /** Work that is under way when the queue is closed is measured to its end. */
  #endWhenDrained(): void {
    if (this.#isClosed && this.#working.size === 0) this.#metrics[Symbol.dispose]();
  }

  #first(waiting: Map<string, number>): { readonly key: string; readonly since: number } | undefined {
    for (const [key, since] of waiting) {
      waiting.delete(key);
      return { key, since };
    }
    return undefined;
  }
}
