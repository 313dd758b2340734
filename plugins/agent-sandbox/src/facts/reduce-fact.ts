import { type FactObserved, payloadOf } from '@rynxs/kernel';
import type { LogEvent } from '@rynxs/log';
import { factDigest } from '../containment/containment.js';
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
    default:
      return state;
  }
}
