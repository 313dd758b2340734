import { RECONCILER, type Reconciler } from '@rynxs/kernel';
import { startOfflineKernel } from '../cluster/client-kernel.js';
import { readManifests } from '../manifests/read-manifests.js';
import { kindOfDefinition, type TypedManifest, validateManifests } from '../manifests/validate-manifests.js';
import type { Terminal } from '../terminal/terminal.js';
import { withKernel } from '../with-kernel.js';
import { BUILT_IN_KINDS } from './known-kinds.js';

/**
 * Reads `files` and checks them against the definitions that the reconcilers bring, before anything is started.
 * Throws RynxsErrors with everything that is wrong with them.
 */
export async function planManifests(
  files: readonly string[],
  config: string | undefined,
  terminal: Terminal,
): Promise<readonly TypedManifest[]> {
  if (files.length === 0) return [];
  const manifests = await readManifests(files, terminal.cwd);
  const kinds = [
    ...BUILT_IN_KINDS.map((resource) => ({ resource })),
    ...(await reconcilersOf(terminal, config)).map(({ resource, definition }) =>
      kindOfDefinition(resource, definition),
    ),
  ];
  return validateManifests(manifests, kinds);
}

async function reconcilersOf(terminal: Terminal, config: string | undefined): Promise<readonly Reconciler[]> {
  const started = await startOfflineKernel(terminal, config);
  return withKernel(started, async (kernel) => kernel.getAll(RECONCILER));
}
