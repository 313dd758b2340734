import type { KubernetesObject } from '../contracts/cluster.js';

/**
 * Annotation of a child that outlives its owner: the owner's uid, where other children have an owner reference, which
 * the garbage collector would go by.
 */
export const OWNER_UID_ANNOTATION = 'universe.ai/owner-uid';

/** Whether an object is a child of the owner with this uid, by the reference to its controller or by the annotation. */
export function isOwnedBy({ metadata }: KubernetesObject, uid: string): boolean {
  return (
    metadata.ownerReferences?.some((owner) => owner.uid === uid && owner.controller === true) === true ||
    metadata.annotations?.[OWNER_UID_ANNOTATION] === uid
  );
}
