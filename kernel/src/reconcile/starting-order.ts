import type { Reconciler } from '../contracts/reconciler.js';

type Waiting = Pick<Reconciler, 'name' | 'after'>;

/** Throws TypeError when reconcilers wait for each other by `after`: none of them would ever begin. */
export function requireOrder(reconcilers: readonly Waiting[]): void {
  let waiting = reconcilers;
  for (;;) {
    const names = waiting.map(({ name }) => name);
    const next = waiting.filter(({ after = [] }) => after.some((name) => names.includes(name)));
    if (next.length === 0) return;
    if (next.length === waiting.length)
      throw new TypeError(
        `reconcilers wait for each other to begin: ${names.join(', ')}; correct their \`after\``,
      );
    waiting = next;
  }
}
