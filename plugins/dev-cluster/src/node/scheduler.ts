import type { KubernetesObject } from '@rynxs/kernel';
import { NODES, PODS } from '../resources/types.js';
import { asJson, asKubernetesObject, at, objectAt, stringsAt } from '../storage/json.js';
import type { ObjectStorage } from '../storage/object-storage.js';
import type { PodEvents } from './pod/pod-events.js';
import { podConditions } from './pod/pod-status.js';
import type { SandboxProbe } from './sandbox/probe.js';

/** Reason of conditions and Events where pods cannot be sandboxed. */
export const NO_SANDBOX = 'NoSandboxRuntime';
const UNSCHEDULABLE = 'Unschedulable';

/** Why there is no sandbox, and what to do about it. */
export function sandboxAdvice(probe: Extract<SandboxProbe, { unavailable: string }>): string {
  return `${probe.unavailable}. ${probe.remedy}`;
}

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
 * Places pods on the only node. Looks at the node being cordoned and at nodeSelectors; resources and affinities do not
 * matter with a single node.
 */
export class Scheduler {
  constructor(
    private readonly storage: ObjectStorage,
    private readonly events: PodEvents,
    private readonly nodeName: string,
  ) {}

  /** Binds a pod, or says in its status and an Event why it has to wait. */
  schedule(pod: KubernetesObject, probe: SandboxProbe): void {
    const { namespace, name } = pod.metadata;
    if ('unavailable' in probe) {
      this.refuse(pod, ['PodScheduled'], NO_SANDBOX, sandboxAdvice(probe));
      return;
    }
    const reason = this.#unschedulable(pod);
    if (reason !== undefined) {
      this.refuse(pod, ['PodScheduled'], UNSCHEDULABLE, reason);
      return;
    }
    this.storage.bindPod(pod.metadata, this.nodeName, { fieldManager: 'kube-scheduler' });
    const message = `Successfully assigned ${namespace}/${name} to ${this.nodeName}`;
    this.events.record(pod, 'Normal', 'Scheduled', message, { component: 'default-scheduler' });
  }

  /** Tries again to place all pods that wait. */
  scheduleWaiting(probe: SandboxProbe): void {
    for (const pod of this.storage.list(PODS)) if (wantsNode(pod)) this.schedule(pod, probe);
  }

  /** Leaves a pod Pending, with conditions that are False for a reason. */
  refuse(pod: KubernetesObject, conditionTypes: readonly string[], reason: string, message: string): void {
    const json = asJson(pod);
    const status = objectAt(json, 'status');
    const conditions = podConditions(
      status,
      conditionTypes.map((type) => ({ type, status: 'False', reason, message })),
      this.storage.timestamp(),
    );
    const after = this.storage.updateStatus(
      PODS,
      asKubernetesObject({ ...json, status: { ...status, phase: 'Pending', conditions } }),
      { fieldManager: 'kube-scheduler' },
    );
    if (after.metadata.resourceVersion === pod.metadata.resourceVersion) return;
    const eventReason = reason === UNSCHEDULABLE ? 'FailedScheduling' : reason;
    this.events.record(pod, 'Warning', eventReason, message, { component: 'default-scheduler' });
  }

  /** Why the node is none for the pod, in the scheduler's words; undefined when it is one. */
  #unschedulable(pod: KubernetesObject): string | undefined {
    const node = this.storage.get(NODES, { name: this.nodeName });
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
}
