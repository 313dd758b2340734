import type { KubernetesObject, ResourceType } from '@rynxs/kernel';

export const LEASES: ResourceType = {
  group: 'coordination.k8s.io',
  version: 'v1',
  kind: 'Lease',
  plural: 'leases',
  namespaced: true,
};

/** The Lease that the operators of a namespace lead by. */
export const LEADER_LEASE = 'rynxs-operator-leader';

/** What the leader notes on its Lease for people and other replicas; the log is what counts. */
export const ANNOTATIONS = {
  /** Number of the term that the holder leads in. */
  epoch: 'rynxs.universe.ai/epoch',
  logId: 'rynxs.universe.ai/log-id',
  /** A request to hand leadership over: empty for anybody else, or who is to have it. */
  transferTo: 'rynxs.universe.ai/transfer-to',
} as const;

/** LeaseSpec of coordination.k8s.io/v1; a Lease may be edited by hand, so that nothing need be there. */
export interface LeaseSpec {
  readonly holderIdentity?: string;
  readonly leaseDurationSeconds?: number;
  /** RFC 3339 with microseconds. */
  readonly acquireTime?: string;
  readonly renewTime?: string;
  readonly leaseTransitions?: number;
}

export function specOf(lease: KubernetesObject): LeaseSpec {
  return (lease.spec ?? {}) as LeaseSpec;
}

/** Who holds a Lease; undefined when it was released, or there is none. */
export function holderOf(lease: KubernetesObject | undefined): string | undefined {
  const holder = lease === undefined ? undefined : specOf(lease).holderIdentity;
  return holder === '' ? undefined : holder;
}

/** The Lease with an annotation set, or taken away where `value` is undefined. */
export function annotated(
  lease: KubernetesObject,
  name: string,
  value: string | undefined,
): KubernetesObject {
  const { [name]: _, ...others } = lease.metadata.annotations ?? {};
  const annotations = value === undefined ? others : { ...others, [name]: value };
  return { ...lease, metadata: { ...lease.metadata, annotations } };
}
