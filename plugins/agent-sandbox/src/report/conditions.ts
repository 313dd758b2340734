import type { JsonMap } from '@rynxs/log';
import type { LiveCondition } from './live-shapes.js';

/** A condition before it is known since when it holds. */
export interface Condition {
  readonly type: string;
  readonly isTrue: boolean;
  readonly reason: string;
  readonly message: string;
}

/** Conditions as the API conventions want them; `lastTransitionTime` stays as long as the status does. */
export function writtenConditions(
  conditions: readonly Condition[],
  previous: readonly LiveCondition[],
  observedGeneration: number,
  now: string,
): readonly JsonMap[] {
  return conditions.map(({ type, isTrue, reason, message }) => {
    const status = isTrue ? 'True' : 'False';
    const before = previous.find((condition) => condition.type === type);
    const lastTransitionTime = before?.status === status ? (before.lastTransitionTime ?? now) : now;
    return { type, status, reason, message, observedGeneration, lastTransitionTime };
  });
}
