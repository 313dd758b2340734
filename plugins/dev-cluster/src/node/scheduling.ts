import type { KubernetesObject } from '@rynxs/kernel';
import { asJson, at, objectAt, stringsAt } from '../storage/json.js';

/** Whether the pod is this scheduler's to place: nobody has placed it, and nobody else is asked to. */
export function wantsNode(pod: KubernetesObject): boolean {
  const { nodeName, schedulerName = 'default-scheduler' } = objectAt(asJson(pod), 'spec');
  return (
    nodeName === undefined &&
    schedulerName === 'default-scheduler' &&
    pod.metadata.deletionTimestamp === undefined
  );
}

/**
 * Why the only node is none for the pod, in the scheduler's words; undefined when it is one. Looks at the node being
 * cordoned and at the pod's nodeSelector; resources and affinities do not matter with a single node.
 */
export function unschedulable(pod: KubernetesObject, node: KubernetesObject | undefined): string | undefined {
  if (node === undefined) return undefined;
  if (at(asJson(node), 'spec', 'unschedulable') === true) {
    return '0/1 nodes are available: 1 node(s) were unschedulable.';
  }
  const labels = stringsAt(asJson(node), 'metadata', 'labels');
  const selector = stringsAt(asJson(pod), 'spec', 'nodeSelector');
  return Object.entries(selector).every(([key, value]) => labels[key] === value)
    ? undefined
    : "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector.";
}
