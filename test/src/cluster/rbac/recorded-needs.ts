import { type AuditedRequest, RealCluster } from '../real-cluster.js';
import { revokeEverybodys, userBoundTo } from './bound-user.js';
import { doEverything, makeNamespaces } from './everything.js';
import type { Need } from './needs.js';
import { OPERATOR_NAMESPACE } from './operator-run.js';
import { neededFor, type RbacRules } from './rules.js';

const USER = 'rynxs-operator';

/** A cluster in which the operator has done everything that it can do. */
export interface RecordedRun extends AsyncDisposable {
  readonly cluster: RealCluster;
  readonly needs: readonly Need[];
  /** Requests that were refused for want of a permission. */
  readonly forbidden: readonly AuditedRequest[];
}

/** Runs the operator on a new cluster as a user who is bound to these rules, and finds out what it needs. */
export async function recordNeeds(rules: RbacRules): Promise<RecordedRun> {
  const cluster = await RealCluster.start({ crds: true });
  const end = () => cluster[Symbol.asyncDispose]();
  try {
    await makeNamespaces(cluster.api);
    await revokeEverybodys(cluster.api);
    await doEverything(cluster, await userBoundTo(rules, USER, OPERATOR_NAMESPACE, cluster));
    const requests = (await cluster.audit.since()).filter(({ user }) => user.username === USER);
    const forbidden = requests.filter(({ responseStatus }) => responseStatus?.code === 403);
    return { cluster, needs: neededFor(requests, OPERATOR_NAMESPACE), forbidden, [Symbol.asyncDispose]: end };
  } catch (error) {
    await end();
    throw error;
  }
}
