import { CLUSTER, ClusterError, ConfigMapAnchor, type EventStore, rynxsError } from '@rynxs/kernel';
import { startClientKernel } from '../cluster/client-kernel.js';
import { chosenKubeconfig } from '../cluster/kubeconfig.js';
import { type LogIdentity, logIdentity } from '../log-reading/log-identity.js';
import type { Terminal } from '../terminal/terminal.js';
import { withKernel } from '../with-kernel.js';

const DEFAULT_SHARD = 'default';

interface AnchorPlace {
  /** Default: POD_NAMESPACE. */
  readonly namespace: string | undefined;
  readonly kubeconfig: string | undefined;
}

/**
 * The checkpoints that the cluster's anchor remembers of the log; of its whole shard, when the log does not tell who it is.
 * Throws RYNXS_CHECKPOINT_MISSING when there are none, RYNXS_CLUSTER_REQUEST when the cluster does not answer.
 */
export async function readAnchors(
  store: EventStore,
  { namespace, kubeconfig }: AnchorPlace,
  terminal: Terminal,
): Promise<readonly string[]> {
  const { logId, shard = DEFAULT_SHARD } = await identityOf(store, terminal.interrupted);
  const kernel = await startClientKernel(chosenKubeconfig(kubeconfig, terminal), terminal);
  const { anchored, location } = await withKernel(kernel, async (started) => {
    const anchor = new ConfigMapAnchor(started.get(CLUSTER), namespace ?? started.settings.namespace, shard);
    try {
      return { anchored: await anchor.read(terminal.interrupted), location: anchor.location };
    } catch (cause) {
      if (!(cause instanceof ClusterError)) throw cause;
      const what = `give ${anchor.location}`;
      throw rynxsError('RYNXS_CLUSTER_REQUEST', { what, detail: cause.message }, { cause });
    }
  });
  const own = [...anchored].filter(([id]) => logId === undefined || id === logId).map(([, text]) => text);
  if (own.length > 0) return own;
  const detail = `is in ${location}, which has ${[...anchored.keys()].join(', ') || 'none'}`;
  throw rynxsError('RYNXS_CHECKPOINT_MISSING', { location: store.location, detail });
}

/** What the log's first record says; nothing where that cannot be read, which verifying will tell. */
async function identityOf(store: EventStore, signal: AbortSignal): Promise<Partial<LogIdentity>> {
  try {
    return (await logIdentity(store, signal)) ?? {};
  } catch {
    signal.throwIfAborted();
    return {};
  }
}
