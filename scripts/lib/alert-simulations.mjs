import { Failure, Precondition } from './release/errors.mjs';
import { pause } from './release/wait.mjs';

const RBAC = '/apis/rbac.authorization.k8s.io/v1';
const LEASES = 'leases';
/** Fast enough for four terms in ten minutes, slow enough to be scraped in between. */
const TERM_MS = 15_000;

/**
 * How the alerts come about on a cluster with an installed release. `begin` makes the fault, after it has registered what undoes it;
 * `repeat` is done again and again while the alert is waited for. `impossible` says of the others why, and what to do instead.
 *
 * @typedef {object} Simulation
 * @property {string} what
 * @property {(target: Target) => Promise<void>} [begin]
 * @property {(target: Target) => Promise<void>} [repeat]
 * @property {boolean} [needsElection]
 * @property {string} [impossible]
 *
 * @typedef {object} Target
 * @property {import('./release/cluster.mjs').Cluster} cluster
 * @property {import('./release/operator.mjs').Operator} operator
 * @property {import('./release/clean-up.mjs').CleanUp} cleanUp
 * @property {AbortSignal} signal
 *
 * @type {Readonly<Record<string, Simulation>>}
 */
export const SIMULATIONS = {
  RynxsNoLeader: { what: 'scales the Deployment to 0 replicas', begin: scaleToNothing },
  RynxsSplitBrain: {
    what: 'two operators lead',
    impossible:
      'one log has one leader, and a second release beside yours would work on the same Agents. Install two releases ' +
      'in a cluster for tests, and give their metrics Services the same name in two namespaces that your Prometheus ' +
      'relabels to one.',
  },
  RynxsLeaderFlap: {
    what: `deletes the Lease every ${TERM_MS / 1_000} s, so that term follows term`,
    needsElection: true,
    begin: async () => undefined,
    repeat: deleteLease,
  },
  RynxsLeaderElectionFailuresHigh: {
    what: 'takes the rules on Leases out of the Role',
    needsElection: true,
    begin: withoutLeases,
  },
  RynxsReplayDurationHigh: {
    what: 'a start reads the log for longer than ten seconds',
    impossible:
      'it takes a long log or a slow store. Restart the operator (kubectl rollout restart) while the network to the ' +
      'store is slowed down on its node (tc qdisc add dev … root netem delay 3s).',
  },
  RynxsEventStoreErrorsHigh: {
    what: 'the store refuses every write',
    impossible:
      'it takes the rights of the store’s administrator. Add a Deny for s3:PutObject of the operator’s user to the ' +
      'policy of the bucket, and take it out again.',
  },
  RynxsLogAppendStalled: {
    what: 'the store takes writes and does not answer',
    impossible:
      'it takes writes that hang while reads go through; where nothing answers, nobody can lead, which is RynxsNoLeader. ' +
      'Put a proxy before the bucket that does not pass PUT requests on, and delete the Lease from time to time.',
  },
  RynxsChainBroken: {
    what: 'the log is damaged',
    impossible:
      'nobody should be able to, and least of all a script. On a copy: change a byte of the file, and start an ' +
      'operator of a cluster for tests on it.',
  },
  RynxsCheckpointStale: {
    what: 'checkpoints cannot be kept',
    impossible:
      'it takes the rights of the store’s administrator. Add a Deny for s3:PutObject on PREFIX/objects/checkpoints/* to ' +
      'the policy of the bucket, change an Agent, wait for 20 minutes, and take it out again.',
  },
  RynxsLogDiskFilling: {
    what: 'the volume of the log is nearly full',
    impossible:
      'the image has nothing to fill a disk with, and the volume may be a part of the node’s. In a cluster for tests, ' +
      'install with persistence.size as small as the StorageClass enforces, and make Agents.',
  },
};

/** The simulation of an alert on this release. Throws a Precondition when there is none. */
export function simulationOf(alert, operator) {
  const simulation = SIMULATIONS[alert];
  if (simulation === undefined) throw new Precondition(`there is no alert ${alert}`, 'See --list.');
  if (simulation.impossible !== undefined) {
    throw new Precondition(`${alert} cannot be simulated on a cluster`, `By hand: ${simulation.impossible}`);
  }
  if (simulation.needsElection === true && operator?.isElected === false) {
    throw new Precondition(
      `${alert} is about leader election, which this release does not use`,
      'Install it with leaderElection.enabled: true.',
    );
  }
  return simulation;
}

async function scaleToNothing({ cluster, operator, cleanUp, signal }) {
  const { replicas } = operator;
  if (replicas === 0) throw new Failure('the Deployment has no replicas already');
  const path = `/apis/apps/v1/namespaces/${operator.namespace}/deployments/${operator.name}/scale`;
  const scale = (count, ending) => cluster.patch(path, { spec: { replicas: count } }, ending);
  cleanUp.add(`scale ${operator.name} to ${replicas} replicas again`, (ending) => scale(replicas, ending));
  await scale(0, signal);
}

async function deleteLease({ cluster, operator, signal }) {
  const lease = await operator.lease();
  if (lease !== undefined) {
    const { name, namespace } = lease.metadata;
    await cluster.remove(`/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases/${name}`, signal);
  }
  await pause(TERM_MS, signal);
}

async function withoutLeases({ cluster, operator, cleanUp, signal }) {
  const roles = await cluster.list(`${RBAC}/namespaces/${operator.namespace}/roles`, signal);
  const bindings = await cluster.list(`${RBAC}/namespaces/${operator.namespace}/rolebindings`, signal);
  const bound = new Set(bindings.filter((one) => bindsTo(one, operator)).map(({ roleRef }) => roleRef.name));
  const role = roles.find(
    ({ metadata, rules }) => bound.has(metadata.name) && (rules ?? []).some(isOfLeases),
  );
  if (role === undefined) throw new Failure('no Role of the operator has rules on Leases');
  const path = `${RBAC}/namespaces/${operator.namespace}/roles/${role.metadata.name}`;
  const set = (rules, ending) => cluster.patch(path, { rules }, ending);
  cleanUp.add(`give the Role ${role.metadata.name} its rules on Leases again`, (ending) =>
    set(role.rules, ending),
  );
  const others = role.rules.filter((rule) => !isOfLeases(rule));
  await set(others, signal);
}

function bindsTo({ roleRef, subjects = [] }, operator) {
  const isOperator = ({ kind, name }) => kind === 'ServiceAccount' && name === operator.serviceAccount;
  return roleRef.kind === 'Role' && subjects.some(isOperator);
}

function isOfLeases({ resources = [] }) {
  return resources.includes(LEASES);
}
