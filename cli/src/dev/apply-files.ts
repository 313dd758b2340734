import { type Cluster, ClusterError, rynxsError } from '@rynxs/kernel';
import { type Applied, applyObject } from '../manifests/apply-object.js';
import type { TypedManifest } from '../manifests/validate-manifests.js';

/**
 * Applies manifests in their order, telling `report` of each. Throws RYNXS_MANIFEST_REFUSED, with file and line, for the
 * first that the cluster does not take.
 */
export async function applyFiles(
  cluster: Cluster,
  manifests: readonly TypedManifest[],
  report: (manifest: TypedManifest, applied: Applied) => void,
  signal: AbortSignal,
): Promise<void> {
  for (const typed of manifests) {
    const { manifest, resource } = typed;
    try {
      report(typed, await applyObject(cluster, resource, manifest.object, signal));
    } catch (cause) {
      signal.throwIfAborted();
      if (!(cause instanceof ClusterError)) throw cause;
      const { file, object } = manifest;
      const name = `${object.kind}/${object.metadata.name}`;
      const details = { file, line: manifest.lineOf([]), object: name, detail: cause.message };
      throw rynxsError('RYNXS_MANIFEST_REFUSED', details, { cause });
    }
  }
}
