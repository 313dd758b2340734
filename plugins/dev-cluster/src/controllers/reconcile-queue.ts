/** The first pause before a reconcile that failed is tried again; it doubles up to the longest. */
const FIRST_PAUSE_MS = 10;
const LONGEST_PAUSE_MS = 30_000;

/**
 * Keys that want to be reconciled, each at most once in the queue. Reconciling is synchronous, so it never meets itself;
 * it happens after the change that caused it was delivered to everyone.
 */
export class ReconcileQueue {
  readonly #reconcile: (key: string) => void;
  readonly #onFailure: (key: string, error: unknown) => void;
  readonly #keys = new Set<string>();
  readonly #timers = new Map<string, NodeJS.Timeout>();
  readonly #failures = new Map<string, number>();
  #scheduled: NodeJS.Immediate | undefined;
  #closed = false;

  /** `reconcile` that throws is repeated for that key, ever more slowly, and `onFailure` is told each time. */
  constructor(reconcile: (key: string) => void, onFailure: (key: string, error: unknown) => void) {
    this.#reconcile = reconcile;
    this.#onFailure = onFailure;
  }

  add(key: string): void {
    if (this.#closed) return;
    this.#keys.add(key);
    this.#scheduled ??= setImmediate(() => this.#drain());
  }

  /** Adds a key after `delayMs` milliseconds; of several such wishes for one key the newest counts. */
  addAfter(key: string, delayMs: number): void {
    if (this.#closed) return;
    clearTimeout(this.#timers.get(key));
    const timer = setTimeout(() => {
      this.#timers.delete(key);
      this.add(key);
    }, delayMs);
    this.#timers.set(key, timer.unref());
  }

  /** Nothing is reconciled any more. */
  close(): void {
    this.#closed = true;
    if (this.#scheduled !== undefined) clearImmediate(this.#scheduled);
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
    this.#keys.clear();
  }

  #drain(): void {
    this.#scheduled = undefined;
    const keys = [...this.#keys];
    this.#keys.clear();
    for (const key of keys) {
      try {
        this.#reconcile(key);
        this.#failures.delete(key);
      } catch (error) {
        const failures = this.#failures.get(key) ?? 0;
        this.#failures.set(key, failures + 1);
        this.addAfter(key, Math.min(FIRST_PAUSE_MS * 2 ** failures, LONGEST_PAUSE_MS));
        this.#onFailure(key, error);
      }
    }
  }
}
