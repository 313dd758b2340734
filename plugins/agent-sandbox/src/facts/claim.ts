import { childKey, type Fact, type KubernetesObject, type LiveView } from '@rynxs/kernel';
import { PERSISTENT_VOLUME_CLAIM } from '../manifests/resource-types.js';
import { claimNameOf, isGiven } from '../spec.js';
import type { AgentState } from '../state.js';

/** Event: whether the claim that an Agent is to work in is there, and offered to it by its label. */
export const CLAIM_OBSERVED = 'WorkspaceClaimObserved';

/** Event: a claim whose change was refused has been bound since, and the change may be tried again. */
export const CLAIM_BOUND = 'WorkspaceClaimBound';

/** Payload member `fact` of `WorkspaceClaimObserved` and `WorkspaceClaimBound`. */
export interface ClaimFact {
  readonly claim: string;
  /** Uid of the claim; null while there is none that carries the Agent's name in its label. */
  readonly uid: string | null;
}

/** The claim behind the workspace, when it is not as the log says. */
export function claimFacts(state: AgentState, live: LiveView): readonly Fact[] {
  const { computer } = state;
  if (computer === undefined) return [];
  const claim = claimNameOf(computer);
  const found = live.surroundings.find(
    ({ resource, object }) =>
      resource.kind === PERSISTENT_VOLUME_CLAIM.kind && object.metadata.name === claim,
  )?.object;
  return isGiven(computer.workspace) ? givenFacts(state, claim, found) : boundFacts(state, claim, found);
}

/** Whether a given claim is offered: the computer runs only while it is. */
function givenFacts(
  { givenClaim }: AgentState,
  claim: string,
  found: KubernetesObject | undefined,
): readonly Fact[] {
  const uid = found?.metadata.uid ?? null;
  return uid === givenClaim ? [] : [factOf(CLAIM_OBSERVED, { claim, uid })];
}

/** A claim can be made larger only once it is bound (PersistentVolumeClaim API), so what was refused before may be right. */
function boundFacts(
  { children, boundClaim }: AgentState,
  claim: string,
  found: KubernetesObject | undefined,
): readonly Fact[] {
  const { failure } = children[childKey(PERSISTENT_VOLUME_CLAIM, claim)] ?? {};
  const uid = found?.metadata.uid;
  if (failure?.permanent !== true || uid === undefined || uid === boundClaim) return [];
  const { phase } = (found?.status ?? {}) as { readonly phase?: string };
  return phase === 'Bound' ? [factOf(CLAIM_BOUND, { claim, uid })] : [];
}

function factOf(type: string, fact: ClaimFact): Fact {
  return { type, fact: { ...fact } };
}
