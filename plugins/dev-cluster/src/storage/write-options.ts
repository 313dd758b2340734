import type { KubernetesObject, ResourceType } from '@rynxs/kernel';
import { preconditionFailed } from './status-error.js';

export interface WriteOptions {
  /** Who writes, for managedFields; default `rynxs-dev-cluster`. */
  readonly fieldManager?: string;
  /** Does everything but the write itself. */
  readonly dryRun?: boolean;
  /** The caller has made the object for this call and will not look at it again: it need not be copied. */
  readonly givesObject?: boolean;
}

export interface DeleteOptions extends WriteOptions {
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
  /** Default Background: owned objects are collected afterwards. */
  readonly propagationPolicy?: 'Background' | 'Foreground' | 'Orphan';
  /** For pods: how long the processes may take to end; 0 removes the object at once (the node's confirmation). */
  readonly gracePeriodSeconds?: number;
}

/** What became of a deletion. */
export interface DeleteResult {
  readonly object: KubernetesObject;
  /** False while finalizers or a grace period hold the object. */
  readonly removed: boolean;
}

/** Throws 409 Conflict when the object is not the one that was meant. */
export function checkPreconditions(
  type: ResourceType,
  object: KubernetesObject,
  preconditions: DeleteOptions['preconditions'],
): void {
  const { uid, resourceVersion } = preconditions ?? {};
  const { metadata } = object;
  if (uid !== undefined && uid !== metadata.uid) {
    throw preconditionFailed(
      type,
      metadata.name,
      `the UID in the precondition (${uid}) does not match the UID in record (${metadata.uid}). The object might have been deleted and then recreated`,
    );
  }
  if (resourceVersion !== undefined && resourceVersion !== metadata.resourceVersion) {
    throw preconditionFailed(
      type,
      metadata.name,
      `the ResourceVersion in the precondition (${resourceVersion}) does not match the ResourceVersion in record (${metadata.resourceVersion}). The object might have been modified`,
    );
  }
}
