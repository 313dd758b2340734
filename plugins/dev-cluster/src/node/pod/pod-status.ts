import { type JsonObject, objectsAt, stringAt } from '../../storage/json.js';
import type { LimitEnforcement } from '../sandbox/limits.js';
import type { ContainerStatus } from './container-status.js';
import { containerStatusJson } from './container-status.js';

/** What this node does and does not do for every pod; a pod's conditions tell it. */
export interface NodeFacts {
  /** The host's userland, which stands for every image: `debian-12`. */
  readonly userland: string;
  readonly enforcement: LimitEnforcement;
}

export interface PodReport {
  readonly containers: readonly ContainerStatus[];
  readonly restartPolicy: string;
  readonly hasSandbox: boolean;
  readonly hasLoopback: boolean;
  /** RFC 3339; when the node took the pod on. */
  readonly startTime: string;
  readonly facts: NodeFacts;
  readonly now: string;
}

export interface Condition {
  readonly type: string;
  readonly status: 'True' | 'False';
  readonly reason?: string;
  readonly message?: string;
}

/** The status of a pod after `report`; `previous` is the one in the storage, whose other fields are kept. */
export function podStatus(previous: JsonObject, report: PodReport): JsonObject {
  const { containers, facts } = report;
  const imageID = `host-userland://${facts.userland}`;
  return {
    ...previous,
    phase: phaseOf(report),
    conditions: podConditions(previous, conditionsOf(report), report.now),
    hostIP: '127.0.0.1',
    startTime: stringAt(previous, 'startTime') ?? report.startTime,
    containerStatuses: containers.map((container) => containerStatusJson(container, imageID)),
  };
}

/** Conditions put among those that a status has; the time of a transition moves only when the status does. */
export function podConditions(
  previous: JsonObject,
  conditions: readonly Condition[],
  now: string,
): JsonObject[] {
  const types = new Set(conditions.map(({ type }) => type));
  const before = objectsAt(previous, 'conditions');
  return [
    ...before.filter((each) => !types.has(String(each.type))),
    ...conditions.map((condition): JsonObject => {
      const old = before.find((each) => each.type === condition.type);
      const since = old?.status === condition.status ? stringAt(old, 'lastTransitionTime') : undefined;
      return { ...condition, lastProbeTime: null, lastTransitionTime: since ?? now };
    }),
  ];
}

/** The phase, as the kubelet finds it. */
function phaseOf({ containers, restartPolicy }: PodReport): string {
  if (containers.some((each) => each.state.kind === 'waiting' && each.lastTermination === undefined)) {
    return 'Pending';
  }
  if (containers.some((each) => each.state.kind !== 'terminated') || restartPolicy === 'Always')
    return 'Running';
  const failed = containers.some(
    (each) => each.state.kind === 'terminated' && each.state.termination.exitCode !== 0,
  );
  if (!failed) return 'Succeeded';
  return restartPolicy === 'OnFailure' ? 'Running' : 'Failed';
}

function conditionsOf(report: PodReport): readonly Condition[] {
  const { containers, hasSandbox, facts } = report;
  const unready = containers.filter((each) => each.state.kind !== 'running').map((each) => each.name);
  const ready: Omit<Condition, 'type'> =
    unready.length === 0
      ? { status: 'True' }
      : {
          status: 'False',
          reason: 'ContainersNotReady',
          message: `containers with unready status: [${unready.join(' ')}]`,
        };
  return [
    { type: 'PodReadyToStartContainers', status: hasSandbox ? 'True' : 'False' },
    { type: 'Initialized', status: 'True' },
    { type: 'ContainersReady', ...ready },
    { type: 'Ready', ...ready },
    {
      type: 'ImageNotPulled',
      status: 'True',
      reason: 'HostUserland',
      message: `The embedded node pulls no images: the host's programs (${facts.userland}) are used, read-only.`,
    },
    {
      type: 'NetworkIsolated',
      status: 'True',
      reason: 'NoEgress',
      message: `${report.hasLoopback || !hasSandbox ? 'There is a loopback and no other network' : 'There is no network, and no loopback for want of the ip command'}; egress that a NetworkPolicy allows is not implemented on the embedded node.`,
    },
    limitsCondition(facts.enforcement),
  ];
}

function limitsCondition({ by, enforces }: LimitEnforcement): Condition {
  return {
    type: 'LimitsEnforced',
    status: by === 'Rlimits' ? 'False' : 'True',
    reason: by,
    message: `Enforced: ${enforces.join(', ')}. Not enforced: ${by === 'Rlimits' ? 'CPU, ' : ''}sizes of volumes, seccomp profiles.`,
  };
}
