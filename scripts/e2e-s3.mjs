import { Failure, Precondition } from './lib/release/errors.mjs';
import { Fleet } from './lib/release/fleet.mjs';
import { releaseFor } from './lib/release/installation.mjs';
import { describeVerified, logSummary, verifyLog } from './lib/release/log.mjs';
import { Operator } from './lib/release/operator.mjs';
import { runReleaseScript } from './lib/release/script.mjs';
import { until } from './lib/release/wait.mjs';

const USAGE = `node scripts/e2e-s3.mjs [OPTIONS]

The log in S3, end to end: installs the operator with an S3 server in the cluster (minio.enabled), makes an Agent and waits until
it is ready, verifies the log in the bucket (every record, the Merkle tree, the signed checkpoints, the anchor), replaces the
operator's pod, and shows that the next one goes on with the same log: nothing is lost, and a new term begins.
`;

const VALUES = { minio: { enabled: true }, metrics: { enabled: true } };
const CHILDREN = ['configmaps', 'persistentvolumeclaims'];

await runReleaseScript({ name: 'e2e-s3', usage: USAGE, main });

/** @param {import('./lib/release/script.mjs').Run} run */
async function main(run) {
  const { report, cluster } = run;
  const began = performance.now();
  const release = await releaseFor(run, { script: 'e2e-s3', values: VALUES });
  const operator = await Operator.find(run, release);
  requireS3(operator);
  await report.step(
    'operator ready',
    () => operator.untilReady(),
    (pods) => `${pods.length} of ${operator.replicas}, Kubernetes ${cluster.version}`,
  );
  const fleet = await Fleet.make(run, operator, 'e2e-s3');
  const agent = await fleet.create();
  await report.step(`Agent ${fleet.namespace}/${agent.name} ready`, () => fleet.untilSettled());
  const before = await report.step('log in the bucket verified', () => verifyLog(operator), describeVerified);
  requireBucket(before, operator);
  await report.step(
    'what it holds',
    () => logSummary(operator),
    ({ records, text }) => `${records} records: ${text}`,
  );
  await report.step(
    'operator replaced',
    () => replace(run, operator),
    (pod) => `${pod} goes on`,
  );
  await fleet.change(agent.name);
  await report.step('Agent changed', () => fleet.untilSettled());
  const after = await report.step('same log, verified again', () => verifyLog(operator), describeVerified);
  requireContinuation(before, after);
  await fleet.remove(agent.name);
  await report.step('Agent deleted, and its children', () => untilChildless(run, fleet, agent));
  const seconds = () => (performance.now() - began) / 1000 + 60;
  await report.step(
    'all of it is on record',
    () => fleet.mustBeOnRecord(operator, seconds()),
    (events) => `${events} records of it`,
  );
  report.measure('records', after.records);
  report.measure('commits', after.commits);
  report.measure('epochs', after.epochs);
}

function requireS3(operator) {
  if (operator.setting('EVENT_STORE_TYPE') === 's3') return;
  throw new Precondition(
    `the operator keeps its log in a store of the type ${operator.setting('EVENT_STORE_TYPE')}`,
    'Name a release with logSink.type: s3, or leave --release out.',
  );
}

function requireBucket({ location }, operator) {
  const bucket = operator.setting('S3_BUCKET');
  if (location.startsWith(`s3://${bucket}`)) return;
  throw new Failure(`the log that was verified is ${location}, not that of the bucket ${bucket}`);
}

/** Deletes the pod that leads, as a node that is drained does, and resolves to the name of the one that does so then. */
async function replace({ cluster, settings, signal }, operator) {
  const pod = await operator.leader();
  await cluster.remove(`/api/v1/namespaces/${operator.namespace}/pods/${pod}`, signal);
  const next = async () => {
    const leader = await operator.leader();
    return leader !== pod && leader;
  };
  const leader = await until('another pod to lead', next, { timeoutMs: settings.timeoutMs, signal });
  await operator.untilReady();
  return leader;
}

function requireContinuation(before, after) {
  if (after.log_id !== before.log_id)
    throw new Failure(`the log is another one: ${after.log_id}, not ${before.log_id}`);
  if (after.epochs !== before.epochs + 1) throw new Failure(`epoch ${after.epochs} follows ${before.epochs}`);
  if (after.records <= before.records)
    throw new Failure(`${after.records} records are left of ${before.records}`);
}

/** Resolves when nothing is left of what the Agent had. */
async function untilChildless({ cluster, settings, signal }, fleet, { name }) {
  const isGone = async () => {
    const [left, differences] = await Promise.all([
      Promise.all(
        CHILDREN.map((plural) =>
          cluster.get(`/api/v1/namespaces/${fleet.namespace}/${plural}/${name}`, signal),
        ),
      ),
      fleet.differences(),
    ]);
    return left.every((child) => child === undefined) && differences.length === 0;
  };
  await until(`the children of ${name} to go`, isGone, { timeoutMs: settings.timeoutMs, signal });
}
