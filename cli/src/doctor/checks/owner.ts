import { LeaderLease } from '../../leadership/leader-lease.js';
import { type LeaderReport, leaderReport } from '../../leadership/leader-report.js';
import type { LogIdentity } from '../../log-reading/log-identity.js';
import type { Check } from '../check.js';
import { type Finding, failed, ok } from '../finding.js';
import type { Installation } from '../installation.js';
import { KUBE_SYSTEM, NAMESPACES } from '../kube-system.js';
import { NotLooked } from '../not-looked.js';

const FOREIGN_REMEDY =
  'Point the store at the log of this cluster and shard, or start a new log in an empty place.';

/** Whether the log is the one of this cluster and shard, which no operator goes on with otherwise, and of who leads. */
export const ownerCheck: Check = {
  name: 'owner',
  parts: [
    async (installation) => {
      const { shard } = await identityOf(installation);
      const { settings } = await installation.knownKernel();
      if (shard === settings.shard) return [ok(`the log is of the shard ${shard}`)];
      return [failed(`the log is of the shard ${shard}, not of ${settings.shard}`, FOREIGN_REMEDY)];
    },
    async (installation, signal) => {
      const { clusterUid: found } = await identityOf(installation);
      const connection = await installation.knownConnection();
      const { uid = '' } = (await connection.get(NAMESPACES, KUBE_SYSTEM, { signal })).metadata;
      if (found === undefined || found === uid) return [ok(`the log is of the cluster ${uid}`)];
      return [failed(`the log is of the cluster with uid ${found}, and this one is ${uid}`, FOREIGN_REMEDY)];
    },
    async (installation, signal) => {
      const { settings } = await installation.knownKernel();
      if (settings.leadershipType !== 'lease') return [];
      const { logId } = await identityOf(installation);
      const lease = await new LeaderLease(await installation.knownConnection(), settings).read(signal);
      return lease === undefined ? [] : judgeLeadersLog(leaderReport(lease, Date.now()), logId);
    },
  ],
};

/** Two logs behind one Lease are two operators that exclude each other by turns. */
export function judgeLeadersLog({ holder, log_id: leads }: LeaderReport, logId: string): readonly Finding[] {
  if (holder === null || leads === null) return [];
  if (leads === logId) return [ok(`the log is the one that ${holder} leads with`)];
  return [
    failed(
      `${holder} leads with the log ${leads}, and the store here holds ${logId}`,
      'Give all replicas the same store; another operator in this namespace needs another RYNXS_SHARD.',
    ),
  ];
}

async function identityOf(installation: Installation): Promise<LogIdentity> {
  const { identity } = await installation.knownLog();
  if (identity === undefined) throw new NotLooked('the log does not say whose it is');
  return identity;
}
