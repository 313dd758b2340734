import type { KubernetesObject } from '../contracts/cluster.js';

/** Label by which objects name the one that they belong to, beside or instead of a reference to it. */
export const INSTANCE_LABEL = 'app.kubernetes.io/instance';

/**
 * Annotation of a child that outlives its owner: the owner's uid, where other children have an owner reference, which
 * the garbage collector would go by.
 */
export const OWNER_UID_ANNOTATION = 'universe.ai/owner-uid';

/** Name of the object of this kind that a child says it belongs to; undefined when it says none. */
export function ownerNameOf({ metadata }: KubernetesObject, kind: string): string | undefined {
  const owner = metadata.ownerReferences?.find((reference) => reference.controller === true);
  if (owner !== undefined) return owner.kind === kind ? owner.name : undefined;
  const isRetained = metadata.annotations?.[OWNER_UID_ANNOTATION] !== undefined;
  return isRetained ? metadata.labels?.[INSTANCE_LABEL] : undefined;
}

/** Whether an object is a child of the owner with this uid, by the reference to its controller or by the annotation. */
export function isOwnedBy({ metadata }: KubernetesObject, uid: string): boolean {
  return (
    metadata.ownerReferences?.some((owner) => owner.uid === uid && owner.controller === true) === true ||
    metadata.annotations?.[OWNER_UID_ANNOTATION] === uid
  );
}
