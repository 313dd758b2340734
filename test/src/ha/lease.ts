import type { ApiClient } from '../cluster/real-cluster.js';

export const NAMESPACE = 'rynxs-system';
export const LEASE = `/apis/coordination.k8s.io/v1/namespaces/${NAMESPACE}/leases/rynxs-operator-leader`;

/** A Lease as far as people edit it (coordination.k8s.io/v1). */
export interface LeaseSpec {
  readonly holderIdentity?: string | null;
  readonly leaseDurationSeconds?: number | null;
  readonly renewTime?: string | null;
}

/** Who holds the Lease by its record: the pod's name; undefined when nobody does. */
export async function leaseHolder(api: ApiClient): Promise<string | undefined> {
  const { status, body } = await api.send('GET', LEASE);
  if (status !== 200) return undefined;
  const { holderIdentity } = (body.spec ?? {}) as LeaseSpec;
  return holderIdentity ? podOf(holderIdentity) : undefined;
}

/** The pod of `<pod name>_<uuid>`. */
export function podOf(identity: string): string {
  return identity.replace(/_[^_]*$/, '');
}
