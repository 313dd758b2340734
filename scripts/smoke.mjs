import { Failure } from './lib/release/errors.mjs';
import { Fleet } from './lib/release/fleet.mjs';
import { CONTAINER, releaseFor } from './lib/release/installation.mjs';
import { describeVerified, verifyLog } from './lib/release/log.mjs';
import { Operator } from './lib/release/operator.mjs';
import { runReleaseScript } from './lib/release/script.mjs';
import { until } from './lib/release/wait.mjs';

const USAGE = `node scripts/smoke.mjs [OPTIONS]

Go or no-go, in less than two minutes: all replicas are ready, exactly one leads, \`rynxs doctor\` in its pod finds nothing wrong,
metrics are served; an Agent becomes ready in a namespace of its own that takes only restricted pods, has all of its
children, is contained as its spec says, and goes with all of them; the log tells of it, and verifies.
`;

const VERDICTS = { passed: 'GO', failed: 'NO-GO' };

/** The children of every Agent, and where they are. */
const CHILDREN = [
  { kind: 'ConfigMap', api: '/api/v1', plural: 'configmaps' },
  { kind: 'PersistentVolumeClaim', api: '/api/v1', plural: 'persistentvolumeclaims' },
  { kind: 'NetworkPolicy', api: '/apis/networking.k8s.io/v1', plural: 'networkpolicies' },
  { kind: 'Deployment', api: '/apis/apps/v1', plural: 'deployments' },
];
const AGENTS = '/apis/universe.ai/v1alpha1';
const EVENTS = 'rynxs_events_total';
/** Longer than anything here lasts, so that the log is searched for all of it. */
const MARGIN_SECONDS = 60;

await runReleaseScript({ name: 'smoke', usage: USAGE, verdicts: VERDICTS, main });

/** @param {import('./lib/release/script.mjs').Run} run */
async function main(run) {
  const { report, cluster, settings } = run;
  const began = performance.now();
  const release = await releaseFor(run, { script: 'smoke', values: {} });
  const operator = await Operator.find(run, release);
  await report.step(
    'operator available',
    () => operator.untilReady(),
    (pods) => `${pods.length} of ${operator.replicas} ready, Kubernetes ${cluster.version}`,
  );
  await report.step(
    'one leader',
    () => onlyLeader(run, operator),
    (pod) => pod,
  );
  await report.step('rynxs doctor', () => examined(run, operator), describeExamined);
  const fleet = await Fleet.make(run, operator, 'smoke');
  const agent = await fleet.create();
  const agentName = `${fleet.namespace}/${agent.name}`;
  await report.step(`Agent ${agentName} ${settings.suspended ? 'suspended' : 'ready'}`, () =>
    fleet.untilSettled(),
  );
  await report.step(
    'its children',
    () => allChildren(run, fleet, agent),
    (kinds) => kinds.join(', '),
  );
  if (!settings.suspended) {
    await report.step(
      'contained as its spec says',
      () => untilContained(run, fleet, agent),
      (message) => message,
    );
  }
  await fleet.remove(agent.name);
  await report.step('Agent deleted, and its children', () => untilChildless(run, fleet, agent));
  const seconds = (performance.now() - began) / 1000 + MARGIN_SECONDS;
  await report.step(
    'all of it is on record',
    () => fleet.mustBeOnRecord(operator, seconds),
    (count) => `${count} records of it`,
  );
  const log = await report.step('log verified', () => verifyLog(operator), describeVerified);
  await report.step(
    'metrics',
    () => eventsCounted(operator),
    (count) => `${count} events counted by all replicas`,
  );
  report.measure('records', log.records);
}

/** The pod that leads, by the Lease where there is one, and by every replica's own metrics. */
function onlyLeader({ settings, signal }, operator) {
  let found = '';
  const look = async () => {
    const [leader, claiming] = await Promise.all([operator.leader(), operator.leadersByMetrics()]);
    found = `${leader ?? 'nobody'} by the Lease, ${claiming.join(' and ') || 'nobody'} by the metrics`;
    return claiming.length === 1 && claiming[0] === leader && leader;
  };
  return until('exactly one leader', look, { timeoutMs: settings.timeoutMs, signal, describe: () => found });
}

/** The report of `rynxs doctor` in a pod. Throws a Failure with everything that failed; warnings are shown. */
async function examined({ report }, operator) {
  const examination = await operator.rynxs(['doctor', ...(await configArguments(operator))], [0, 1]);
  const all = examination.checks.flatMap(({ name, findings }) =>
    findings.map((finding) => ({ name, ...finding })),
  );
  const failures = all.filter(({ status }) => status === 'failed').map(describeFinding);
  if (failures.length > 0) throw new Failure(failures.join('\n    '));
  for (const finding of all.filter(({ status }) => status === 'warning')) {
    report.say(`  ! ${describeFinding(finding)}`);
  }
  return examination;
}

/** The configuration file that the operator was told to read, for the doctor to read the same. */
async function configArguments(operator) {
  const [pod] = await operator.pods();
  const { args = [] } = pod.spec.containers.find(({ name }) => name === CONTAINER);
  const at = args.indexOf('--config');
  return at < 0 ? [] : args.slice(at, at + 2);
}

function describeFinding({ name, message, remedy }) {
  return `${name}: ${message} (${remedy})`;
}

function describeExamined({ checks }) {
  const counts = Map.groupBy(checks, ({ status }) => status);
  return [...counts].map(([status, these]) => `${these.length} ${status}`).join(', ');
}

/** The kinds of the children that the Agent has. Throws a Failure that names those that it lacks. */
async function allChildren(run, fleet, agent) {
  const found = await childrenOf(run, fleet, agent);
  const missing = CHILDREN.filter(({ kind }) => !found.includes(kind)).map(({ kind }) => kind);
  if (missing.length > 0) throw new Failure(`${agent.name} has no ${missing.join(', ')}`);
  return found;
}

/** The kinds of what there is that the Agent owns, or that has its name. */
async function childrenOf({ cluster, signal }, fleet, { name, uid }) {
  const kinds = await Promise.all(
    CHILDREN.map(async ({ kind, api, plural }) => {
      const child = await cluster.get(`${api}/namespaces/${fleet.namespace}/${plural}/${name}`, signal);
      const isOwned = (child?.metadata.ownerReferences ?? []).some((owner) => owner.uid === uid);
      return isOwned ? [kind] : [];
    }),
  );
  return kinds.flat();
}

/** What the Agent's condition says when its pod is contained as its spec says. */
function untilContained({ cluster, settings, signal }, fleet, { name }) {
  let last;
  const look = async () => {
    const { status } = await cluster.get(`${AGENTS}/namespaces/${fleet.namespace}/agents/${name}`, signal);
    last = (status?.conditions ?? []).find(({ type }) => type === 'Contained');
    return last?.status === 'True' && (last.message || last.reason);
  };
  const describe = () => (last === undefined ? 'it says nothing of it' : `${last.reason}: ${last.message}`);
  return until('the Agent to be contained', look, { timeoutMs: settings.timeoutMs, signal, describe });
}

async function untilChildless(run, fleet, agent) {
  const { settings, signal } = run;
  let left = [];
  const areGone = async () => {
    left = await childrenOf(run, fleet, agent);
    return left.length === 0;
  };
  const describe = () => `${left.join(', ')} is still there`;
  await until('the Agent’s children to go', areGone, { timeoutMs: settings.timeoutMs, signal, describe });
}

/** How many events the replicas have counted. Throws a Failure when one of them serves no metrics, or none has counted any. */
async function eventsCounted(operator) {
  const all = await operator.allMetrics();
  if (all.size < operator.replicas)
    throw new Failure(`${all.size} of ${operator.replicas} replicas serve metrics`);
  const count = [...all.values()].reduce((sum, samples) => sum + samples.sum(EVENTS), 0);
  if (count === 0) throw new Failure(`${EVENTS} is 0 in all replicas`);
  return count;
}
