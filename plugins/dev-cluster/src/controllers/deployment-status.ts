import { isJsonObject, type JsonObject, numberAt, objectsAt, stringAt } from '../storage/json.js';

export interface DeploymentView {
  readonly deployment: JsonObject;
  /** All its ReplicaSets. */
  readonly sets: readonly JsonObject[];
  /** The one of the present template. */
  readonly current: JsonObject | undefined;
  readonly nowMs: number;
  /** RFC 3339. */
  readonly timestamp: string;
}

export interface DeploymentReport {
  readonly status: JsonObject;
  /** When the deadline of a roll-over under way passes, in milliseconds from now. */
  readonly checkAfterMs?: number;
}

/** The status of a Deployment, from its ReplicaSets. */
export function deploymentStatus(view: DeploymentView): DeploymentReport {
  const { deployment, sets, current } = view;
  const sum = (field: string) =>
    sets.reduce((total, set) => total + (numberAt(set, 'status', field) ?? 0), 0);
  const wanted = numberAt(deployment, 'spec', 'replicas') ?? 1;
  const replicas = sum('replicas');
  const available = sum('availableReplicas');
  const counts = {
    replicas,
    updatedReplicas: current === undefined ? 0 : (numberAt(current, 'status', 'replicas') ?? 0),
    readyReplicas: sum('readyReplicas'),
    availableReplicas: available,
    unavailableReplicas: Math.max(0, wanted - available),
  };
  const { progressing, checkAfterMs } = progress(view, counts, wanted);
  const minimum = available >= wanted;
  const availability = condition(view, {
    type: 'Available',
    status: minimum ? 'True' : 'False',
    reason: minimum ? 'MinimumReplicasAvailable' : 'MinimumReplicasUnavailable',
    message: minimum
      ? 'Deployment has minimum availability.'
      : 'Deployment does not have minimum availability.',
  });
  const failure = sets
    .flatMap((set) => objectsAt(set, 'status', 'conditions'))
    .find((each) => each.type === 'ReplicaFailure');
  const conditions = [availability, progressing];
  if (failure !== undefined) {
    conditions.push(
      condition(view, {
        type: 'ReplicaFailure',
        status: 'True',
        reason: stringAt(failure, 'reason') ?? 'FailedCreate',
        message: stringAt(failure, 'message') ?? '',
      }),
    );
  }
  const status: JsonObject = {
    ...Object.fromEntries(Object.entries(counts).filter(([, count]) => count !== 0)),
    observedGeneration: numberAt(deployment, 'metadata', 'generation') ?? 1,
    conditions,
  };
  return checkAfterMs === undefined ? { status } : { status, checkAfterMs };
}

interface Progress {
  readonly progressing: JsonObject;
  readonly checkAfterMs?: number;
}

function progress(
  view: DeploymentView,
  counts: { readonly replicas: number; readonly updatedReplicas: number; readonly availableReplicas: number },
  wanted: number,
): Progress {
  const { deployment, current } = view;
  const name = stringAt(deployment, 'metadata', 'name') ?? '';
  const set = stringAt(current, 'metadata', 'name') ?? '';
  const complete =
    counts.updatedReplicas === wanted && counts.replicas === wanted && counts.availableReplicas >= wanted;
  const make = (status: string, reason: string, message: string) =>
    condition(view, { type: 'Progressing', status, reason, message });
  if (current !== undefined && complete) {
    return {
      progressing: make('True', 'NewReplicaSetAvailable', `ReplicaSet "${set}" has successfully progressed.`),
    };
  }
  const before = objectsAt(deployment, 'status', 'conditions').find((each) => each.type === 'Progressing');
  const moved =
    before === undefined ||
    before.reason === 'NewReplicaSetAvailable' ||
    numberAt(deployment, 'status', 'updatedReplicas') !== zeroAsAbsent(counts.updatedReplicas) ||
    numberAt(deployment, 'status', 'availableReplicas') !== zeroAsAbsent(counts.availableReplicas) ||
    numberAt(deployment, 'status', 'observedGeneration') !== numberAt(deployment, 'metadata', 'generation');
  const what = current === undefined ? `Deployment "${name}"` : `ReplicaSet "${set}"`;
  const deadlineMs = (numberAt(deployment, 'spec', 'progressDeadlineSeconds') ?? 600) * 1000;
  if (moved) {
    const made = make('True', 'ReplicaSetUpdated', `${what} is progressing.`);
    return { progressing: { ...made, lastUpdateTime: view.timestamp }, checkAfterMs: deadlineMs };
  }
  const updated = Date.parse(stringAt(before, 'lastUpdateTime') ?? view.timestamp);
  const left = updated + deadlineMs - view.nowMs;
  if (left <= 0) {
    return { progressing: make('False', 'ProgressDeadlineExceeded', `${what} has timed out progressing.`) };
  }
  return { progressing: before, checkAfterMs: left };
}

function zeroAsAbsent(count: number): number | undefined {
  return count === 0 ? undefined : count;
}

/** A condition whose times change only when it does. */
function condition(
  view: DeploymentView,
  next: { readonly type: string; readonly status: string; readonly reason: string; readonly message: string },
): JsonObject {
  const before = objectsAt(view.deployment, 'status', 'conditions').find((each) => each.type === next.type);
  const sameStatus = isJsonObject(before) && before.status === next.status;
  const same = sameStatus && before.reason === next.reason && before.message === next.message;
  return {
    ...next,
    lastUpdateTime: same ? (before.lastUpdateTime ?? view.timestamp) : view.timestamp,
    lastTransitionTime: sameStatus ? (before.lastTransitionTime ?? view.timestamp) : view.timestamp,
  };
}
