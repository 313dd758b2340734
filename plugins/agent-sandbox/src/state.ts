import type { ChildrenState, Refusal } from '@rynxs/kernel';
import type { Accepted } from './accept-spec.js';
import { type Computer, isGiven, type Lifecycle } from './spec.js';

/** What the log says of an Agent. Replaced, never changed. */
export interface AgentState {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** Seq of the event by which this Agent was first observed: its turn among the Agents of its Universe. */
  readonly since: number;
  /** The computer of the newest spec that was valid and within its Universe; absent while none was. */
  readonly computer?: Computer;
  /** Of the spec that the computer is of; a refused one may still have suspended it. */
  readonly lifecycle: Lifecycle;
  /** The Universe that this spec names. */
  readonly universe?: string;
  /** The computer is outside its Universe by now and must not run. */
  readonly isBarred?: true;
  /** The Deployment is of a computer that is outside by now and runs, this one or an earlier one: it stops before all else. */
  readonly stopsFirst?: true;
  /** The newest spec, if it is valid but outside the Universe. */
  readonly waiting?: Accepted;
  /** What is wrong with the newest spec by itself. */
  readonly invalid?: Refusal;
  /** The newest deadline that has come. */
  readonly reachedDeadline?: string;
  /** Why the newest spec is not obeyed or the computer barred, and whether that is on the record. */
  readonly refusal?: Refusal & { readonly isRecorded: boolean };
  readonly children: ChildrenState<Computer>;
  /** Uid of the claim that the computer was given, null while there is none for it; absent for a claim of its own. */
  readonly givenClaim?: string | null;
  /** Uid of the claim of its own that was found bound after a change of it was refused. */
  readonly boundClaim?: string;
  /** Digest of the containment that was recorded last. */
  readonly containment?: string;
  /** What was recorded last of restarts. */
  readonly crashes?: Crashes;
}

/** Restarts of the container of one pod. */
export interface Crashes {
  /** Uid of the pod. */
  readonly pod: string;
  /** Since the pod started. */
  readonly restarts: number;
  /** When it was recorded, RFC 3339. */
  readonly at: string;
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

/** Whether the claim that the computer was given is there for it; one of its own needs no leave. */
export function hasWorkspace({ computer, givenClaim }: Pick<AgentState, 'computer' | 'givenClaim'>): boolean {
  return computer === undefined || !isGiven(computer.workspace) || typeof givenClaim === 'string';
}

/** When `DeadlineReached` is due. */
export function nextDeadline(state: AgentState): string | undefined {
  return isExpired(state) ? undefined : state.lifecycle.expiresAt;
}
