import type { Fact, LiveView } from '@rynxs/kernel';
import { containmentFact, containmentOf, factDigest } from '../containment/containment.js';
import { POD } from '../manifests/resource-types.js';
import { isReady, podOf } from '../report/pod.js';
import type { AgentState } from '../state.js';
import { claimFacts } from './claim.js';
import { crashFacts } from './crashes.js';

/** Event: how the computer is contained in fact, at Ready and whenever it changes. */
export const CONTAINMENT_OBSERVED = 'ContainmentObserved';

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

function containmentFacts(
  state: AgentState,
  pod: NonNullable<ReturnType<typeof podOf>>,
  live: LiveView,
): readonly Fact[] {
  if (!isReady(pod)) return [];
  const fact = containmentFact(containmentOf(pod, live));
  return factDigest(fact) === state.containment ? [] : [{ type: CONTAINMENT_OBSERVED, fact }];
}
