import type { KubernetesObject } from '@rynxs/kernel';
import { readLease } from '@rynxs/leader-lease';

/** Who holds a Lease; undefined when it was released, or there is none. */
export function holderOf(lease: KubernetesObject | undefined): string | undefined {
  const holder = lease === undefined ? '' : readLease(lease).holder;
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
