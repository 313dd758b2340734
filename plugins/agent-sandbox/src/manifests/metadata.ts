import type { ObjectMeta } from '@rynxs/kernel';
import { AGENT } from '../definition.js';
import type { Computer } from '../spec.js';

/** Label that holds the name of the Agent and that nobody else uses. */
export const AGENT_LABEL = `${AGENT.group}/agent`;

/** Labels of everything that belongs to an Agent. */
export function labelsOf(name: string): Readonly<Record<string, string>> {
  return {
    'app.kubernetes.io/name': 'agent',
    'app.kubernetes.io/instance': name,
    'app.kubernetes.io/managed-by': 'rynxs',
    [AGENT_LABEL]: name,
  };
}

/** Labels that select the pods of an Agent. A selector cannot be changed later, so there are no more than it takes. */
export function selectorOf(name: string): Readonly<Record<string, string>> {
  return { 'app.kubernetes.io/name': 'agent', 'app.kubernetes.io/instance': name };
}

/**
 * Metadata of a child: named after the Agent, and deleted with it by the garbage collector. `blockOwnerDeletion` is
 * left out, because it asks for rights on finalizers and nothing here has to go in a certain order.
 */
export function childMetadata({ namespace, name, uid }: Computer): ObjectMeta {
  const owner = {
    apiVersion: `${AGENT.group}/${AGENT.version}`,
    kind: AGENT.kind,
    name,
    uid,
    controller: true,
  };
  return { name, namespace, labels: labelsOf(name), ownerReferences: [owner] };
}
