import { type JsonObject, numberAt, objectAt, objectsAt, stringAt } from '../../storage/json.js';

/** The end of a container. */
export interface Termination {
  readonly exitCode: number;
  /** Completed, Error, OOMKilled, StartError, … */
  readonly reason: string;
  readonly message?: string;
  /** RFC 3339. */
  readonly startedAt?: string;
  readonly finishedAt: string;
  readonly containerID?: string;
}

export type ContainerState =
  | { readonly kind: 'waiting'; readonly reason: string; readonly message?: string }
  | { readonly kind: 'running'; readonly startedAt: string }
  | { readonly kind: 'terminated'; readonly termination: Termination };

/** How a container is doing, as its pod's status tells it. */
export interface ContainerStatus {
  readonly name: string;
  readonly image: string;
  readonly state: ContainerState;
  readonly lastTermination?: Termination;
  readonly restartCount: number;
  readonly containerID?: string;
}

export function containerStatusJson(status: ContainerStatus, imageID: string): JsonObject {
  const { state, lastTermination } = status;
  const isRunning = state.kind === 'running';
  return {
    name: status.name,
    image: status.image,
    imageID,
    ...(status.containerID === undefined ? {} : { containerID: status.containerID }),
    restartCount: status.restartCount,
    ready: isRunning,
    started: isRunning,
    state: stateJson(state),
    lastState: lastTermination === undefined ? {} : { terminated: terminationJson(lastTermination) },
  };
}

function stateJson(state: ContainerState): JsonObject {
  switch (state.kind) {
    case 'waiting':
      return {
        waiting: {
          reason: state.reason,
          ...(state.message === undefined ? {} : { message: state.message }),
        },
      };
    case 'running':
      return { running: { startedAt: state.startedAt } };
    case 'terminated':
      return { terminated: terminationJson(state.termination) };
  }
}

function terminationJson(termination: Termination): JsonObject {
  const { exitCode, reason, message, startedAt, finishedAt, containerID } = termination;
  return {
    exitCode,
    reason,
    ...(message === undefined ? {} : { message }),
    ...(startedAt === undefined ? {} : { startedAt }),
    finishedAt,
    ...(containerID === undefined ? {} : { containerID }),
  };
}

/** What a node that starts afresh finds in a pod's status: containers that ended when the node before it did. */
export interface FormerContainer {
  readonly restartCount: number;
  readonly lastTermination: Termination;
  /** Whether it had come to its end already. */
  readonly hadEnded: boolean;
}

/** Reads the former life of a container; undefined when it never ran. */
export function formerContainer(pod: JsonObject, name: string, now: string): FormerContainer | undefined {
  const status = objectsAt(pod, 'status', 'containerStatuses').find((each) => each.name === name);
  if (status === undefined) return undefined;
  const restartCount = numberAt(status, 'restartCount') ?? 0;
  const running = objectAt(status, 'state', 'running');
  if (typeof running.startedAt === 'string') {
    const containerID = stringAt(status, 'containerID');
    return {
      restartCount,
      hadEnded: false,
      lastTermination: {
        exitCode: 255,
        reason: 'Unknown',
        message: 'the node stopped',
        startedAt: running.startedAt,
        finishedAt: now,
        ...(containerID === undefined ? {} : { containerID }),
      },
    };
  }
  const ended = objectAt(status, 'state', 'terminated');
  const last = objectAt(status, 'lastState', 'terminated');
  const hadEnded = ended.finishedAt !== undefined;
  const termination = hadEnded ? ended : last;
  if (typeof termination.finishedAt !== 'string') return undefined;
  const [message, startedAt, containerID] = ['message', 'startedAt', 'containerID'].map((field) =>
    stringAt(termination, field),
  );
  return {
    restartCount,
    hadEnded,
    lastTermination: {
      exitCode: numberAt(termination, 'exitCode') ?? 255,
      reason: stringAt(termination, 'reason') ?? 'Unknown',
      finishedAt: termination.finishedAt,
      ...(message === undefined ? {} : { message }),
      ...(startedAt === undefined ? {} : { startedAt }),
      ...(containerID === undefined ? {} : { containerID }),
    },
  };
}
