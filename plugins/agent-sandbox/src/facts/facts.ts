import type { Fact, KubernetesObject, LiveView } from '@rynxs/kernel';
import { containmentFact, containmentOf } from '../containment/containment.js';
import { POD } from '../manifests/resource-types.js';
import { isReady, podOf } from '../report/pod.js';
import type { AgentState } from '../state.js';
import { CLAIM_BOUND, CLAIM_OBSERVED, claimFacts } from './claim.js';
import { CRASH_SUMMARY, crashFacts } from './crashes.js';

/** Event: how the computer is contained in fact, at Ready and whenever it changes. */
export const CONTAINMENT_OBSERVED = 'ContainmentObserved';

/** Types of all that `agentFacts` may find. */
export const AGENT_FACTS = [CLAIM_OBSERVED, CLAIM_BOUND, CONTAINMENT_OBSERVED, CRASH_SUMMARY] as const;

/** What is so in the cluster and not on the record yet. */
export function agentFacts(state: AgentState, live: LiveView): readonly Fact[] {
  const { computer } = state;
  if (computer === undefined) return [];
  const pods = live.children.filter(({ resource }) => resource.kind === POD.kind);
  const pod = podOf(
    pods.map(({ object }) => object),
    computer,
  );
  if (pod === undefined) return claimFacts(state, live);
  return [...claimFacts(state, live), ...containmentFacts(state, pod, live), ...crashFacts(state, pod)];
}

function containmentFacts(state: AgentState, pod: KubernetesObject, live: LiveView): readonly Fact[] {
  if (!isReady(pod)) return [];
  const { fact, digest } = containmentFact(containmentOf(pod, live));
  return digest === state.containment ? [] : [{ type: CONTAINMENT_OBSERVED, fact }];
}
