import { type Action, type Decision, decideChildren } from '@rynxs/kernel';
import { manifestsOf } from './manifests/manifests.js';
import { AGENT_CHILDREN, DEPLOYMENT } from './manifests/resource-types.js';
import type { AgentState } from './state.js';

/** What is to be done for the children, and the refusal of the newest spec as long as it is not on the record. */
export function decideAgent({ computer, children, namespace, refusal }: AgentState): Decision {
  const wanted =
    computer === undefined ? [] : decideChildren(manifestsOf(computer), children, AGENT_CHILDREN, namespace);
  const actions = computer?.isRunning === false ? stoppingFirst(wanted) : wanted;
  if (refusal === undefined || refusal.isRecorded) return { actions };
  return { actions, refusal: { reason: refusal.reason, message: refusal.message } };
}

/** Stopping a computer must not wait for anything else: after an action that fails the others are not tried. */
function stoppingFirst(actions: readonly Action[]): readonly Action[] {
  const isStop = ({ verb, resource }: Action) => verb === 'update' && resource.kind === DEPLOYMENT.kind;
  return [...actions.filter(isStop), ...actions.filter((action) => !isStop(action))];
}
