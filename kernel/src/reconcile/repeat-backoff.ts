import type { Clock } from '../contracts/clock.js';

const REPEAT_WINDOW_MS = 10 * 60_000;
const FIRST_DELAY_MS = 10_000;
const GROWTH = 3;
const MAX_DELAY_MS = 60 * 60_000;
/** Different things that may happen to one subject within the window before they count as the same. */
const MAX_VARIATIONS = 3;

interface Contest {
  readonly what: string;
  readonly repeats: number;
  /** How often `what` was not the same as before. */
  readonly variations: number;
  readonly lastAdmittedAt: number;
  /** When what is held back now was first seen. */
  readonly heldSince: number | undefined;
}

/**
 * Slows down what comes back: drift that is repaired and is there again, because somebody else wants the field to be
 * otherwise; a fact that changes to and fro. The first time is at once; the same again within 10 minutes waits 10 s,
 * then three times as long each time, to an hour; so does anything else about the subject once it has varied three times.
 * All four children of an Agent contested for an hour make at most 60 events and 60 writes.
 */
export class RepeatBackoff {
  readonly #clock: Clock;
  readonly #contests = new Map<string, Map<string, Contest>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Milliseconds to wait before `what` of this subject (a child, a type of fact) may be acted upon; 0 for now. */
  delayMs(aggregateId: string, subject: string, what: string): number {
    const now = this.#clock.monotonic();
    const subjects = this.#contests.get(aggregateId) ?? new Map<string, Contest>();
    this.#contests.set(aggregateId, subjects);
    const contest = subjects.get(subject);
    const seenAt = contest?.heldSince ?? now;
    if (contest === undefined || seenAt - contest.lastAdmittedAt > REPEAT_WINDOW_MS) {
      subjects.set(subject, { what, repeats: 0, variations: 0, lastAdmittedAt: now, heldSince: undefined });
      return 0;
    }
    const isSame = contest.what === what;
    if (!isSame && contest.variations < MAX_VARIATIONS) {
      const variations = contest.variations + 1;
      subjects.set(subject, { ...contest, what, variations, lastAdmittedAt: now, heldSince: undefined });
      return 0;
    }
    const notBefore =
      contest.lastAdmittedAt + Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * GROWTH ** contest.repeats);
    if (now < notBefore) {
      subjects.set(subject, { ...contest, heldSince: seenAt });
      return notBefore - now;
    }
    const repeats = contest.repeats + 1;
    subjects.set(subject, { ...contest, what, repeats, lastAdmittedAt: now, heldSince: undefined });
    return 0;
  }

  /** Subjects of the object that are held back, or came back not long ago. */
  contested(aggregateId: string): readonly string[] {
    const now = this.#clock.monotonic();
    const contested: string[] = [];
    for (const [subject, contest] of this.#contests.get(aggregateId) ?? []) {
      if (contest.repeats === 0) continue;
      if (contest.heldSince !== undefined || now - contest.lastAdmittedAt <= REPEAT_WINDOW_MS)
        contested.push(subject);
    }
    return contested;
  }

  forget(aggregateId: string): void {
    this.#contests.delete(aggregateId);
  }
}
