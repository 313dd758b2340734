import type { EventStore } from '@rynxs/kernel';
import type { JsonMap } from '@rynxs/log';
import { readCommits } from './read-records.js';

const DEFAULT_SHARD = 'default';

/** Which log it is, as its first record says. */
export interface LogIdentity {
  readonly logId: string;
  /** Uid of the namespace `kube-system` of the cluster that it is of; undefined where it does not say. */
  readonly clusterUid: string | undefined;
  readonly shard: string;
}

/**
 * Who a log says it is; undefined for an empty one, and one that does not begin as logs do. Throws RYNXS_LOG_DAMAGED when
 * its first commit does not verify, RYNXS_LOG_UNAVAILABLE.
 */
export async function logIdentity(store: EventStore, signal: AbortSignal): Promise<LogIdentity | undefined> {
  for await (const { records } of readCommits(store, 0, signal)) {
    const { log_id: logId, cluster_uid: clusterUid, shard }: JsonMap = records[0]?.event.payload ?? {};
    if (typeof logId !== 'string') return undefined;
    return {
      logId,
      clusterUid: typeof clusterUid === 'string' ? clusterUid : undefined,
      shard: typeof shard === 'string' ? shard : DEFAULT_SHARD,
    };
  }
  return undefined;
}
