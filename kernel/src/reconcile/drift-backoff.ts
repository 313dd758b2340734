import type { Clock } from '../contracts/clock.js';
import type { DriftObserved } from './events.js';

const REPEAT_WINDOW_MS = 10 * 60_000;
const FIRST_DELAY_MS = 10_000;
const MAX_DELAY_MS = 60 * 60_000;

interface Contest {
  /** Child and paths. */
  readonly what: string;
  readonly repairs: number;
  readonly lastAdmittedAt: number;
  /** When the drift that is held back now was first seen. */
  readonly heldSince: number | undefined;
}

/**
 * Slows down the repair of a drift that comes back: somebody else wants the field to be otherwise. The first repair
 * is at once; the same drift again within 10 minutes waits 10 s, doubling to an hour.
 */
export class DriftBackoff {
  readonly #clock: Clock;
  readonly #contests = new Map<string, Contest>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Milliseconds to wait before this drift may be recorded and repaired; 0 for now. */
  delayMs(aggregateId: string, drift: DriftObserved): number {
    const key = `${aggregateId} ${drift.child}`;
    const what = drift.uid === null ? 'missing' : drift.paths.join(' ');
    const now = this.#clock.monotonic();
    const contest = this.#contests.get(key);
    const seenAt = contest?.heldSince ?? now;
    const isRepeated =
      contest !== undefined && contest.what === what && seenAt - contest.lastAdmittedAt <= REPEAT_WINDOW_MS;
    if (!isRepeated) {
      this.#contests.set(key, { what, repairs: 1, lastAdmittedAt: now, heldSince: undefined });
      return 0;
    }
    const notBefore =
      contest.lastAdmittedAt + Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** (contest.repairs - 1));
    if (now < notBefore) {
      this.#contests.set(key, { ...contest, heldSince: seenAt });
      return notBefore - now;
    }
    this.#contests.set(key, {
      what,
      repairs: contest.repairs + 1,
      lastAdmittedAt: now,
      heldSince: undefined,
    });
    return 0;
  }

  /** Children of the object whose drift is contested now. */
  contested(aggregateId: string): readonly string[] {
    const now = this.#clock.monotonic();
    const children: string[] = [];
    for (const [key, contest] of this.#contests) {
      if (!key.startsWith(`${aggregateId} `) || contest.repairs < 2) continue;
      if (contest.heldSince !== undefined || now - contest.lastAdmittedAt <= REPEAT_WINDOW_MS) {
        children.push(key.slice(aggregateId.length + 1));
      }
    }
    return children;
  }

  forget(aggregateId: string): void {
    for (const key of this.#contests.keys())
      if (key.startsWith(`${aggregateId} `)) this.#contests.delete(key);
  }
}
