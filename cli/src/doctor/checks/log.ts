import { ClusterError } from '@rynxs/kernel';
import { readCommits } from '../../log-reading/read-records.js';
import { formatAge, formatCount } from '../../terminal/quantities.js';
import type { Check } from '../check.js';
import { type Finding, failed, ok } from '../finding.js';
import type { Installation, ReadLog } from '../installation.js';
import { KUBE_SYSTEM, NAMESPACES } from '../kube-system.js';
import { NotLooked } from '../not-looked.js';

const FOREIGN_REMEDY =
  'Point the store at the log of this cluster and shard, or start a new log in an empty place.';

/** Whether the log is the one of this cluster and shard, and its newest commit verifies. */
export const logCheck: Check = {
  name: 'log',
  async find(installation, signal) {
    const log = await installation.knownLog();
    const { settings } = await installation.knownKernel();
    const { identity } = log;
    if (identity === undefined) {
      const text = `${log.store.location} holds records, and does not begin as a log does`;
      return [
        failed(text, 'Nothing was changed. Run `rynxs log verify`, and restore the log from a good copy.'),
      ];
    }
    const { logId, shard } = identity;
    const findings: Finding[] = [await newest(log, logId, signal)];
    if (shard !== settings.shard) {
      findings.push(failed(`the log is of the shard ${shard}, not of ${settings.shard}`, FOREIGN_REMEDY));
    }
    const found = identity.clusterUid;
    const expected = await uidOfCluster(installation, signal);
    if (expected !== undefined && found !== undefined && found !== expected) {
      findings.push(
        failed(`the log is of the cluster with uid ${found}, and this one is ${expected}`, FOREIGN_REMEDY),
      );
    }
    return findings;
  },
};

async function newest({ store, head }: ReadLog, logId: string, signal: AbortSignal): Promise<Finding> {
  let ts: string | undefined;
  for await (const { records } of readCommits(store, head.nextSeq - 1, signal)) ts = records.at(-1)?.event.ts;
  const age = ts === undefined ? 'of unknown age' : `${formatAge(Date.now() - Date.parse(ts))} old`;
  return ok(
    `log ${logId} has ${formatCount(head.nextSeq, 'record')}; the newest commit verifies, and is ${age}`,
  );
}

/** Undefined where the cluster does not tell, which other checks do. */
async function uidOfCluster(installation: Installation, signal: AbortSignal): Promise<string | undefined> {
  try {
    const connection = await installation.knownConnection();
    return (await connection.get(NAMESPACES, KUBE_SYSTEM, { signal })).metadata.uid;
  } catch (error) {
    if (error instanceof ClusterError || error instanceof NotLooked) return undefined;
    throw error;
  }
}
