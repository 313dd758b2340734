import { setTimeout as sleep } from 'node:timers/promises';
import { type Cluster, ClusterError, type Reconciler, rynxsError } from '@rynxs/kernel';
import { applyObject } from '../manifests/apply-object.js';
import { DEFINITIONS } from './known-kinds.js';

const POLL_MS = 20;
const MAX_ATTEMPTS = 250;

/**
 * Brings the definitions of the reconcilers' own kinds into the cluster, and waits until their objects can be listed.
 * Throws RYNXS_CLUSTER_REQUEST.
 */
export async function installDefinitions(
  cluster: Cluster,
  reconcilers: readonly Reconciler[],
  signal: AbortSignal,
): Promise<void> {
  for (const { definition, resource } of reconcilers) {
    if (definition === undefined) continue;
    try {
      await applyObject(cluster, DEFINITIONS, definition, signal);
      await served(() => cluster.list(resource, { signal }), signal);
    } catch (cause) {
      if (!(cause instanceof ClusterError)) throw cause;
      const what = `install the definition ${definition.metadata.name}`;
      throw rynxsError('RYNXS_CLUSTER_REQUEST', { what, detail: cause.message }, { cause });
    }
  }
}

/** An API server answers "not found" for a moment after a definition was created. */
async function served(list: () => Promise<unknown>, signal: AbortSignal): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await list();
      return;
    } catch (error) {
      if (!(error instanceof ClusterError) || error.reason !== 'missing' || attempt === MAX_ATTEMPTS)
        throw error;
    }
    await sleep(POLL_MS, undefined, { signal });
  }
}
