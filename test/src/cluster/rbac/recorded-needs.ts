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
}

/**
 * Runs the operator on a new cluster as a user who is bound to these rules, and finds out what it needs. Rejects when
 * anything was refused for want of a permission.
 */
export async function recordNeeds(rules: RbacRules): Promise<RecordedRun> {
  const cluster = await RealCluster.start({ crds: true });
  const end = () => cluster[Symbol.asyncDispose]();
  try {
    await makeNamespaces(cluster.api);
    await revokeEverybodys(cluster.api);
    const kubeconfig = await userBoundTo(rules, USER, OPERATOR_NAMESPACE, cluster);
    const failure = await doEverything(cluster, kubeconfig).then(
      () => undefined,
      (error: unknown) => error,
    );
    const requests = (await cluster.audit.since()).filter(({ user }) => user.username === USER);
    const forbidden = requests.filter(({ responseStatus }) => responseStatus?.code === 403);
    // Why it did not get on, which is more than that it did not.
    requireAllowed(forbidden, failure);
    if (failure !== undefined) throw failure;
    return { cluster, needs: neededFor(requests, OPERATOR_NAMESPACE), [Symbol.asyncDispose]: end };
  } catch (error) {
    await end();
    throw error;
  }
}

function requireAllowed(forbidden: readonly AuditedRequest[], cause: unknown): void {
  if (forbidden.length === 0) return;
  const refused = new Set(forbidden.map(({ verb, requestURI }) => `${verb} ${requestURI.split('?')[0]}`));
  throw new Error(`refused for want of a permission: ${[...refused].join(', ')}`, { cause });
}
