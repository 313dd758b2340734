import type { Report } from '../contracts/reconciler.js';
import type { Telemetry } from '../contracts/telemetry.js';

/** How an object does by its last report; `none` for a kind whose reports say nothing of that. */
export type ObjectHealth = NonNullable<Report['health']>['state'] | 'none';

const HEALTHS: readonly ObjectHealth[] = ['ready', 'progressing', 'degraded', 'suspended', 'none'];

/** How many objects of one reconciler do how. Counted by who works on them: at 0 while no term runs. */
export class ObjectMetrics {
  readonly #reconciler: string;
  readonly #objects;
  readonly #counts: Record<ObjectHealth, number> = {
    ready: 0,
    progressing: 0,
    degraded: 0,
    suspended: 0,
    none: 0,
  };

  constructor(reconciler: string, telemetry: Telemetry) {
    this.#reconciler = reconciler;
    this.#objects = telemetry.gauge({
      name: 'rynxs_objects',
      help: 'Objects that this process works on, by how they do',
      labels: ['reconciler', 'health'],
      initial: HEALTHS.map((health) => ({ reconciler, health })),
    });
  }

  /** An object is not counted any more as it was `before`, but as it is `now`; undefined: not at all. */
  moved(before: ObjectHealth | undefined, now: ObjectHealth | undefined): void {
    if (before === now) return;
    if (before !== undefined) this.#add(before, -1);
    if (now !== undefined) this.#add(now, 1);
  }

  /** Nobody works on the objects any more. */
  [Symbol.dispose](): void {
    for (const health of HEALTHS) this.#add(health, -this.#counts[health]);
  }

  #add(health: ObjectHealth, count: number): void {
    this.#counts[health] += count;
    this.#show(health);
  }

  #show(health: ObjectHealth): void {
    this.#objects.set(this.#counts[health], { reconciler: this.#reconciler, health });
  }
}
