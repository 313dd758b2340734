import type { Fact, LiveView } from '@rynxs/kernel';
import { PERSISTENT_VOLUME_CLAIM } from '../manifests/resource-types.js';
import { isGiven } from '../spec.js';
import type { AgentState } from '../state.js';

/** Event: whether the claim that an Agent is to work in is there, and offered to it by its label. */
export const CLAIM_OBSERVED = 'WorkspaceClaimObserved';

/** Payload member `fact` of `WorkspaceClaimObserved`. */
export interface ClaimFact {
  readonly claim: string;
  /** Uid of the claim; null while there is none that carries the Agent's name in its label. */
  readonly uid: string | null;
}

/** The claim, when it is not as the log says. The computer runs only while it is offered. */
export function claimFacts({ computer, givenClaim }: AgentState, live: LiveView): readonly Fact[] {
  if (computer === undefined || !isGiven(computer.workspace)) return [];
  const claim = computer.workspace.existingClaim;
  const found = live.surroundings.find(
    ({ resource, object }) =>
      resource.kind === PERSISTENT_VOLUME_CLAIM.kind && object.metadata.name === claim,
  );
  const uid = found?.object.metadata.uid ?? null;
  if (uid === givenClaim) return [];
  const fact: ClaimFact = { claim, uid };
  return [{ type: CLAIM_OBSERVED, fact: { ...fact } }];
}
