import { type ObjectMeta, OWNER_UID_ANNOTATION } from '@rynxs/kernel';
import { AGENT } from '../definition.js';
import type { Computer } from '../spec.js';

/** Label that holds the name of the Agent and that nobody else uses. */
export const AGENT_LABEL = `${AGENT.group}/agent`;

/** Label that holds the name of the Agent and that selects its pods. */
export const INSTANCE_LABEL = 'app.kubernetes.io/instance';

/** Prefix of the labels by which pods belong to groups of Agents. */
const GROUP_LABEL_PREFIX = `group.${AGENT.group}`;

/** Labels of everything that belongs to an Agent. */
export function labelsOf(name: string): Readonly<Record<string, string>> {
  return {
    'app.kubernetes.io/name': 'agent',
    [INSTANCE_LABEL]: name,
    'app.kubernetes.io/managed-by': 'rynxs',
    [AGENT_LABEL]: name,
  };
}

/** Labels that select the pods of an Agent. A selector cannot be changed later, so there are no more than it takes. */
export function selectorOf(name: string): Readonly<Record<string, string>> {
  return { 'app.kubernetes.io/name': 'agent', [INSTANCE_LABEL]: name };
}

/** Labels of the pods of an Agent: those that select it, and its groups. */
export function podLabelsOf({ name, network }: Computer): Readonly<Record<string, string>> {
  const groups = network.groups.map((group) => [groupLabel(group), 'true'] as const);
  return { ...labelsOf(name), ...Object.fromEntries(groups) };
}

/** Labels that select the pods of all Agents in a group. */
export function groupSelectorOf(group: string): Readonly<Record<string, string>> {
  return { 'app.kubernetes.io/name': 'agent', [groupLabel(group)]: 'true' };
}

function groupLabel(group: string): string {
  return `${GROUP_LABEL_PREFIX}/${group}`;
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

/**
 * Metadata of a child that outlives its Agent. No owner reference is written out although it is empty: only so is one
 * that somebody adds drift, before the garbage collector goes by it.
 */
export function retainedMetadata({ namespace, name, uid }: Computer): ObjectMeta {
  return {
    name,
    namespace,
    labels: labelsOf(name),
    annotations: { [OWNER_UID_ANNOTATION]: uid },
    ownerReferences: [],
  };
}
