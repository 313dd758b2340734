import type { KubernetesObject } from '@rynxs/kernel';
import type { JsonMap } from '@rynxs/log';

/** The members of a pod that say how it is contained. All of them may be missing. */
export interface LivePodSpec {
  readonly runtimeClassName?: string;
  readonly serviceAccountName?: string;
  readonly automountServiceAccountToken?: boolean;
  readonly hostNetwork?: boolean;
  readonly hostPID?: boolean;
  readonly hostIPC?: boolean;
  readonly hostUsers?: boolean;
  readonly securityContext?: SecurityContext;
  readonly initContainers?: readonly LiveContainer[];
  readonly containers?: readonly LiveContainer[];
  readonly ephemeralContainers?: readonly LiveContainer[];
  readonly volumes?: readonly LiveVolume[];
}

export interface LiveContainer {
  readonly name: string;
  readonly image?: string;
  readonly securityContext?: SecurityContext;
}

export type SecurityContext = JsonMap & {
  readonly privileged?: boolean;
  readonly allowPrivilegeEscalation?: boolean;
  readonly capabilities?: { readonly add?: readonly string[]; readonly drop?: readonly string[] };
  readonly runAsNonRoot?: boolean;
  readonly runAsUser?: number;
  readonly readOnlyRootFilesystem?: boolean;
  readonly seccompProfile?: { readonly type?: string; readonly localhostProfile?: string };
  readonly appArmorProfile?: { readonly type?: string; readonly localhostProfile?: string };
  readonly procMount?: string;
};

export type LiveVolume = JsonMap & { readonly name: string };

/** A container of a pod, of whatever kind. */
export interface PodContainer {
  readonly kind: 'init' | 'container' | 'ephemeral';
  readonly container: LiveContainer;
  /** What the node has pulled: usually a reference with a digest. */
  readonly imageId: string | undefined;
}

export function podSpecOf({ spec }: KubernetesObject): LivePodSpec {
  return (spec ?? {}) as LivePodSpec;
}

/** All containers of a pod, also those that were injected or attached for debugging. */
export function containersOf(pod: KubernetesObject): readonly PodContainer[] {
  const { initContainers = [], containers = [], ephemeralContainers = [] } = podSpecOf(pod);
  const status = (pod.status ?? {}) as Readonly<Record<string, readonly ImageStatus[] | undefined>>;
  const withImages = (
    kind: PodContainer['kind'],
    list: readonly LiveContainer[],
    statuses: readonly ImageStatus[] = [],
  ) =>
    list.map((container) => ({
      kind,
      container,
      imageId: statuses.find(({ name }) => name === container.name)?.imageID,
    }));
  return [
    ...withImages('init', initContainers, status.initContainerStatuses),
    ...withImages('container', containers, status.containerStatuses),
    ...withImages('ephemeral', ephemeralContainers, status.ephemeralContainerStatuses),
  ];
}

/** What a volume is made of: `emptyDir`, `hostPath`, … */
export function volumeType({ name: _, ...source }: LiveVolume): string {
  return Object.keys(source)[0] ?? 'emptyDir';
}

/** Whether a token of the service account is in the pod, by a volume that admission or anybody else has put there. */
export function hasServiceAccountToken({ volumes = [] }: LivePodSpec): boolean {
  return volumes.some(({ projected }) => {
    const { sources = [] } = (projected ?? {}) as { readonly sources?: readonly JsonMap[] };
    return sources.some((source) => 'serviceAccountToken' in source);
  });
}

interface ImageStatus {
  readonly name?: string;
  readonly imageID?: string;
}
