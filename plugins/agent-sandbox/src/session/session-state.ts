import type { Phase, Refusal } from '@rynxs/kernel';

/** A spec that was accepted. */
export interface SessionSpec {
  /** Name of the Agent, in the namespace of the Session. */
  readonly agent: string;
  readonly principal: string;
  /** RFC 3339; absent for no limit. */
  readonly expiresAt?: string;
}

/** What the log says of a Session. Replaced, never changed. */
export interface SessionState {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** The newest spec that was accepted; absent while none was. */
  readonly spec?: SessionSpec;
  /** A spec, accepted or not, has asked to close the Session. */
  readonly isClosing?: true;
  /** The newest deadline that has come. */
  readonly reachedDeadline?: string;
  /** Uid of the first Agent of that name that was there: the Session is about that one alone. */
  readonly agentUid?: string;
  readonly phase: Phase;
  /** Name of the newest phase that is on the record. */
  readonly recordedPhase?: string;
  /** Why the newest spec was refused, and whether that is on the record. */
  readonly refusal?: Refusal & { readonly isRecorded: boolean };
}

/** Whether nothing can happen to the Session any more. */
export function hasEnded({ phase }: Pick<SessionState, 'phase'>): boolean {
  return phase.name === 'Expired' || phase.name === 'Closed';
}
