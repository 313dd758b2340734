import type { ChildrenState, Refusal } from '@rynxs/kernel';
import type { Computer, Lifecycle } from './spec.js';

/** What the log says of an Agent. Replaced, never changed. */
export interface AgentState {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** The computer of the newest spec that was accepted; absent while none was. */
  readonly computer?: Computer;
  /** Of the newest accepted spec; a refused one may still have suspended it. */
  readonly lifecycle: Lifecycle;
  /** The newest deadline that has come. */
  readonly reachedDeadline?: string;
  /** Why the newest spec was refused, and whether that is on the record. */
  readonly refusal?: Refusal & { readonly isRecorded: boolean };
  readonly children: ChildrenState<Computer>;
}

/** Whether the time of the computer is up. Timestamps of one format compare as text. */
export function isExpired({
  lifecycle,
  reachedDeadline,
}: Pick<AgentState, 'lifecycle' | 'reachedDeadline'>): boolean {
  return (
    lifecycle.expiresAt !== undefined &&
    reachedDeadline !== undefined &&
    reachedDeadline >= lifecycle.expiresAt
  );
}

/** When `DeadlineReached` is due. */
export function nextDeadline(state: AgentState): string | undefined {
  return isExpired(state) ? undefined : state.lifecycle.expiresAt;
}
