import type { KubernetesObject } from '@rynxs/kernel';

/** An Agent as `rynxs agents` shows it; the names are those of `--output json`. */
export interface AgentRow {
  readonly namespace: string;
  readonly name: string;
  readonly role: string;
  readonly image: string;
  readonly ready: boolean;
  /** Why it is as it is, from the Ready condition; `Unknown` while no operator has looked at it. */
  readonly reason: string;
  readonly message: string;
  /** RFC 3339; undefined only for objects that never were in a cluster. */
  readonly created: string | undefined;
  /** Sequence number of its last event in the log; null before there is one. */
  readonly last_event: number | null;
}

interface AgentFields {
  readonly spec?: { readonly role?: string; readonly image?: string };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly conditions?: readonly Condition[];
    readonly lastEvent?: { readonly seq?: number };
  };
}

/** A condition of a status, by the conventions of the Kubernetes API. */
export interface Condition {
  readonly type: string;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason?: string;
  readonly message?: string;
}

export function agentRow(agent: KubernetesObject): AgentRow {
  const { metadata } = agent;
  const { spec, status } = agent as AgentFields;
  const ready = conditionOf(agent, 'Ready');
  return {
    namespace: metadata.namespace ?? '',
    name: metadata.name,
    role: spec?.role ?? 'sandbox',
    image: spec?.image ?? '',
    ready: isReady(agent),
    reason: ready?.reason ?? 'Unknown',
    message: ready?.message ?? '',
    created: metadata.creationTimestamp,
    last_event: status?.lastEvent?.seq ?? null,
  };
}

/** Whether the operator says Ready of the object as it is now, not of an earlier generation. */
export function isReady(object: KubernetesObject): boolean {
  return isObserved(object) && conditionOf(object, 'Ready')?.status === 'True';
}

/** Whether the status is of the object as it is now. */
export function isObserved(object: KubernetesObject): boolean {
  const { observedGeneration } = (object as AgentFields).status ?? {};
  return observedGeneration !== undefined && observedGeneration === object.metadata.generation;
}

export function conditionOf(object: KubernetesObject, type: string): Condition | undefined {
  const conditions = (object as AgentFields).status?.conditions;
  return conditions?.find((condition) => condition.type === type);
}
