import { childKey, type FactObserved, payloadOf } from '@rynxs/kernel';
import type { LogEvent } from '@rynxs/log';
import { factDigest } from '../containment/containment.js';
import { PERSISTENT_VOLUME_CLAIM } from '../manifests/resource-types.js';
import type { AgentState } from '../state.js';
import type { ClaimFact } from './claim.js';
import type { CrashFact } from './crashes.js';

/** The state after a fact was recorded; the same object for events that are none. */
export function reduceFact(state: AgentState, event: LogEvent): AgentState {
  switch (event.type) {
    case 'ContainmentObserved':
      return { ...state, containment: factDigest(payloadOf<FactObserved>(event).fact) };
    case 'AgentCrashSummary': {
      const { pod, total } = payloadOf<FactObserved>(event).fact as unknown as CrashFact;
      return { ...state, crashes: { pod: pod.uid, restarts: total, at: event.ts } };
    }
    case 'WorkspaceClaimObserved':
      return {
        ...state,
        givenClaim: (payloadOf<FactObserved>(event).fact as unknown as ClaimFact).uid,
      };
    case 'WorkspaceClaimBound':
      return claimBound(state, payloadOf<FactObserved>(event).fact as unknown as ClaimFact);
    default:
      return state;
  }
}

/** Forgets why the claim could not be changed, once for each claim. */
function claimBound(state: AgentState, { claim, uid }: ClaimFact): AgentState {
  const key = childKey(PERSISTENT_VOLUME_CLAIM, claim);
  const { failure: _, ...child } = state.children[key] ?? {};
  return { ...state, boundClaim: uid ?? '', children: { ...state.children, [key]: child } };
}
