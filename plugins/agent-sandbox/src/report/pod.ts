import type { KubernetesObject } from '@rynxs/kernel';
import { AGENT_LABEL } from '../manifests/metadata.js';
import { type Computer, isIdle } from '../spec.js';
import { type Assessment, assessment } from './assessment.js';
import type { LiveCondition, LiveContainerStatus, LivePodStatus } from './live-shapes.js';

const STARTING = assessment('progressing', 'Starting', 'the pod is starting');
const PASSING_WAITS = new Set(['ContainerCreating', 'PodInitializing']);
const PASSING_PLACEMENTS = new Set(['Unschedulable', 'SchedulingGated']);
/** Reasons that the kubelet gives to a pod that starts. */
const PASSING_UNREADINESS = new Set([
  'ContainersNotReady',
  'ContainersNotInitialized',
  'ReadinessGatesNotReady',
]);
const NO_SHELL = /\/bin\/sh"?: (stat \/bin\/sh: )?no such file or directory|\/bin\/sh.*not found/;

/** Label by which a ReplicaSet and its pods name the template that they are of. */
const TEMPLATE_HASH_LABEL = 'pod-template-hash';

/**
 * The pod that the computer runs in: the newest one that is not on its way out, else the newest of all. Only pods of the
 * Deployment count; anybody can put labels on a pod.
 */
export function podOf(
  pods: readonly KubernetesObject[],
  { name }: Pick<Computer, 'name'>,
): KubernetesObject | undefined {
  return pods
    .filter(({ metadata }) => metadata.labels?.[AGENT_LABEL] === name && isOfDeployment(metadata, name))
    .sort((a, b) => (rank(a) < rank(b) ? 1 : -1))[0];
}

/** Whether the pod belongs to the ReplicaSet that the Deployment of this name makes of the pod's template. */
function isOfDeployment(
  { labels, ownerReferences = [] }: KubernetesObject['metadata'],
  name: string,
): boolean {
  const replicaSet = `${name}-${labels?.[TEMPLATE_HASH_LABEL]}`;
  return ownerReferences.some(
    (owner) => owner.kind === 'ReplicaSet' && owner.controller === true && owner.name === replicaSet,
  );
}

/** Whether the kubelet says that the pod is ready, and it is there to stay. */
export function isReady({ metadata, status }: KubernetesObject): boolean {
  const { conditions } = (status ?? {}) as LivePodStatus;
  return metadata.deletionTimestamp === undefined && isTrue(conditionOf(conditions, 'Ready'));
}

/** Whether the pod is on its way out, and the kubelet says that its container has ended, which it never starts again then. */
export function hasEnded({ metadata, status }: KubernetesObject): boolean {
  const { containerStatuses = [] } = (status ?? {}) as LivePodStatus;
  return (
    metadata.deletionTimestamp !== undefined &&
    containerStatuses.length > 0 &&
    containerStatuses.every(({ state }) => state?.terminated !== undefined)
  );
}

/** When the container of the pod was restarted last (RFC 3339); undefined when it never was. */
export function lastCrashOf({ status }: KubernetesObject): string | undefined {
  return ((status ?? {}) as LivePodStatus).containerStatuses?.[0]?.lastState?.terminated?.finishedAt;
}

/**
 * How a pod is doing. While it starts as it should, there is one answer to all the steps in between, so that they lead
 * to no writes.
 */
export function assessPod(pod: KubernetesObject, computer: Computer): Assessment {
  const status = (pod.status ?? {}) as LivePodStatus;
  if (pod.metadata.deletionTimestamp !== undefined)
    return assessment('progressing', 'Replacing', 'the previous pod is ending');
  if (status.phase === 'Failed')
    return assessment(
      'degraded',
      status.reason ?? 'PodFailed',
      status.message ?? `pod ${pod.metadata.name} failed`,
    );
  if (isTrue(conditionOf(status.conditions, 'Ready')))
    return assessment('ready', 'ComputerReady', `running in pod ${pod.metadata.name}`);
  return assessContainer(status.containerStatuses?.[0], computer) ?? assessPlacement(status) ?? STARTING;
}

/** Conditions by which the embedded node tells what it does not do; the kubelet has none of them. */
const LIMITATIONS = new Set(['ImageNotPulled', 'NetworkIsolated', 'LimitsEnforced']);

/** What is simulated or not enforced where the pod runs, as its node says. */
export function limitationsOf(
  pod: KubernetesObject,
): readonly { readonly type: string; readonly message: string }[] {
  const { conditions = [] } = (pod.status ?? {}) as LivePodStatus;
  return conditions.flatMap(({ type = '', message = '' }) =>
    LIMITATIONS.has(type) ? [{ type, message }] : [],
  );
}

function assessContainer(
  status: LiveContainerStatus | undefined,
  computer: Computer,
): Assessment | undefined {
  const { waiting, terminated } = status?.state ?? {};
  const ended = terminated ?? status?.lastState?.terminated;
  const words = [waiting?.message, ended?.message].filter(
    (message) => message !== undefined && message !== '',
  );
  if (isIdle(computer) && words.some((message) => NO_SHELL.test(message ?? '')))
    return assessment(
      'degraded',
      'ShellMissing',
      `a sandbox without a command idles in /bin/sh, which image ${computer.image} does not have; set spec.command, or choose an image with a shell`,
    );
  if (waiting?.reason !== undefined && !PASSING_WAITS.has(waiting.reason)) {
    const exit = ended?.exitCode === undefined ? '' : ` (last exit code ${ended.exitCode})`;
    return assessment('degraded', waiting.reason, `${words[0] ?? 'the container is waiting'}${exit}`);
  }
  if (terminated !== undefined)
    return assessment(
      'progressing',
      'Restarting',
      `the container ended with exit code ${terminated.exitCode ?? 'unknown'} and is started again`,
    );
  return undefined;
}

function assessPlacement(status: LivePodStatus): Assessment | undefined {
  const scheduled = conditionOf(status.conditions, 'PodScheduled');
  if (scheduled?.status === 'False') {
    const { reason = 'Unschedulable', message = 'no node takes the pod' } = scheduled;
    return assessment(PASSING_PLACEMENTS.has(reason) ? 'progressing' : 'degraded', reason, message);
  }
  const { status: ready, reason, message } = conditionOf(status.conditions, 'Ready') ?? {};
  if (ready !== 'False' || reason === undefined || PASSING_UNREADINESS.has(reason)) return undefined;
  return assessment('degraded', reason, message ?? 'the pod is not ready');
}

export function conditionOf(
  conditions: readonly LiveCondition[] | undefined,
  type: string,
): LiveCondition | undefined {
  return conditions?.find((condition) => condition.type === type);
}

export function isTrue(condition: LiveCondition | undefined): boolean {
  return condition?.status === 'True';
}

function rank({ metadata }: KubernetesObject): string {
  const isStaying = metadata.deletionTimestamp === undefined;
  return `${isStaying ? 1 : 0} ${metadata.creationTimestamp ?? ''} ${metadata.name}`;
}
