/** The members of live objects that a report looks at. All of them may be missing. */

export interface LiveCondition {
  readonly type?: string;
  readonly status?: string;
  readonly reason?: string;
  readonly message?: string;
  readonly lastTransitionTime?: string;
}

export interface LiveContainerStatus {
  readonly imageID?: string;
  readonly restartCount?: number;
  readonly ready?: boolean;
  readonly state?: {
    readonly waiting?: { readonly reason?: string; readonly message?: string };
    readonly terminated?: { readonly exitCode?: number; readonly reason?: string; readonly message?: string };
  };
  readonly lastState?: {
    readonly terminated?: {
      readonly exitCode?: number;
      readonly reason?: string;
      readonly message?: string;
      readonly finishedAt?: string;
    };
  };
}

export interface LivePodStatus {
  readonly phase?: string;
  readonly reason?: string;
  readonly message?: string;
  readonly conditions?: readonly LiveCondition[];
  readonly containerStatuses?: readonly LiveContainerStatus[];
}

export interface LiveDeploymentStatus {
  readonly observedGeneration?: number;
  readonly updatedReplicas?: number;
  readonly conditions?: readonly LiveCondition[];
}
