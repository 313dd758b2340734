import { setImmediate as nextTurn } from 'node:timers/promises';

/** Times are multiples of a fraction that sums of floating-point numbers keep exactly: no timer fires too early. */
const TICKS_PER_MS = 1_024;

interface Step {
  readonly due: number;
  readonly order: number;
  fire: (() => void) | undefined;
}

/**
 * Virtual time for everything of a simulation. Steps happen one after another, in the order in which they are due and,
 * at the same time, in which they were asked for; what a step sets off has run to its next wait before the next
 * step happens. So a seed that decides the steps decides all.
 */
export class Scheduler {
  readonly #heap: Step[] = [];
  #order = 0;
  #now = 0;
  /** Steps that happened. */
  steps = 0;

  /** Milliseconds since the simulation began. */
  get now(): number {
    return this.#now;
  }

  /** Calls `fire` once after `delayMs`, unless disposed before. */
  schedule(delayMs: number, fire: () => void): Disposable {
    const delay = Math.ceil(Math.max(0, delayMs) * TICKS_PER_MS) / TICKS_PER_MS;
    const step: Step = { due: this.#now + delay, order: this.#order++, fire };
    this.#push(step);
    return {
      [Symbol.dispose]: () => {
        step.fire = undefined;
      },
    };
  }

  /** Lets time go on until `isDone`, `untilMs`, or nothing is due any more. */
  async run(untilMs: number, isDone: () => boolean = () => false): Promise<void> {
    await nextTurn();
    while (!isDone()) {
      const [step] = this.#heap;
      if (step === undefined || step.due > untilMs) {
        this.#now = Math.max(this.#now, untilMs);
        return;
      }
      this.#pop();
      if (step.fire === undefined) continue;
      this.#now = step.due;
      this.steps += 1;
      step.fire();
      await nextTurn();
    }
  }

  #push(step: Step): void {
    const heap = this.#heap;
    let at = heap.length;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent]!;
      if (isBefore(above, step)) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = step;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child += 1;
      if (isBefore(last, heap[child]!)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
  }
}

function isBefore(a: Step, b: Step): boolean {
  return a.due < b.due || (a.due === b.due && a.order < b.order);
}
