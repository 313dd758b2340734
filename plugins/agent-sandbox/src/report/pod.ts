import type { KubernetesObject } from '@rynxs/kernel';
import { AGENT_LABEL } from '../manifests/metadata.js';
import { type Computer, isIdle } from '../spec.js';
import { type Assessment, assessment } from './assessment.js';
import type { LiveCondition, LiveContainerStatus, LivePodStatus } from './live-shapes.js';

const STARTING = assessment('progressing', 'Starting', 'the pod is starting');
const TRANSIENT_WAITS = new Set(['ContainerCreating', 'PodInitializing']);
const NO_SHELL = /\/bin\/sh"?: (stat \/bin\/sh: )?no such file or directory|\/bin\/sh.*not found/;

/** The pod that the computer runs in: the newest one that is not on its way out, else the newest of all. */
export function podOf(
  pods: readonly KubernetesObject[],
  { name }: Pick<Computer, 'name'>,
): KubernetesObject | undefined {
  return pods
    .filter((pod) => pod.metadata.labels?.[AGENT_LABEL] === name)
    .sort(
      (a, b) => rank(b).localeCompare(rank(a), 'en') || b.metadata.name.localeCompare(a.metadata.name, 'en'),
    )[0];
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

/** What is simulated or not enforced where the pod runs, as its node says by conditions of the group. */
export function limitationsOf(
  pod: KubernetesObject,
): readonly { readonly reason: string; readonly message: string }[] {
  const { conditions = [] } = (pod.status ?? {}) as LivePodStatus;
  return conditions.flatMap(({ type = '', status, reason, message = '' }) =>
    type.startsWith(LIMITATION_PREFIX) && status === 'True'
      ? [{ reason: reason ?? type.slice(LIMITATION_PREFIX.length), message }]
      : [],
  );
}

const LIMITATION_PREFIX = 'universe.ai/';

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
  if (waiting?.reason !== undefined && !TRANSIENT_WAITS.has(waiting.reason)) {
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
  if (scheduled?.status !== 'False') return undefined;
  return assessment(
    'progressing',
    scheduled.reason ?? 'Unschedulable',
    scheduled.message ?? 'no node takes the pod',
  );
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
  return `${metadata.deletionTimestamp === undefined ? 1 : 0} ${metadata.creationTimestamp ?? ''}`;
}
