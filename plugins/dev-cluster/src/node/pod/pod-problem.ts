/** Why a pod's containers cannot be started now, in the kubelet's words where it has any. */
export class PodProblem extends Error {
  override readonly name = 'PodProblem';
  constructor(
    /** Reason of the event. */
    readonly eventReason: string,
    /** Reason of the containers' waiting state. */
    readonly waitingReason: string,
    message: string,
    /** Whether only a change of what the pod refers to, or of nothing, can help: then nothing is tried again in between. */
    readonly isPermanent: boolean,
  ) {
    super(message);
  }
}

/** The pod asks for something that this node does not have. Never run with less than was asked for. */
export function unsupported(message: string): PodProblem {
  return new PodProblem('UnsupportedByEmbeddedNode', 'UnsupportedByEmbeddedNode', message, true);
}

/** A volume is not there, yet. */
export function failedMount(volume: string, detail: string): PodProblem {
  const message = `MountVolume.SetUp failed for volume "${volume}" : ${detail}`;
  return new PodProblem('FailedMount', 'ContainerCreating', message, true);
}

/** A container's environment or user cannot be settled. */
export function containerConfigError(message: string): PodProblem {
  return new PodProblem('Failed', 'CreateContainerConfigError', message, true);
}
