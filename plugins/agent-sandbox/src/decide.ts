import { type Decision, decideChildren } from '@rynxs/kernel';
import { manifestsOf } from './manifests/manifests.js';
import { AGENT_CHILDREN } from './manifests/resource-types.js';
import type { AgentState } from './state.js';

/** What is to be done for the children, and the refusal of the newest spec as long as it is not on the record. */
export function decideAgent({ computer, children, namespace, refusal }: AgentState): Decision {
  const actions =
    computer === undefined ? [] : decideChildren(manifestsOf(computer), children, AGENT_CHILDREN, namespace);
  if (refusal === undefined || refusal.isRecorded) return { actions };
  return { actions, refusal: { reason: refusal.reason, message: refusal.message } };
}
