import { number, wholeNumber } from './lib/release/arguments.mjs';
import { Failure, Precondition } from './lib/release/errors.mjs';
import { failOver, leaseTimings, untilOneLeads } from './lib/release/failover.mjs';
import { Fleet } from './lib/release/fleet.mjs';
import { releaseFor } from './lib/release/installation.mjs';
import { Load } from './lib/release/load.mjs';
import { continuousEpochs, describeVerified, verifyLog } from './lib/release/log.mjs';
import { Operator } from './lib/release/operator.mjs';
import { runReleaseScript } from './lib/release/script.mjs';

const USAGE = `node scripts/ha-failover.mjs [OPTIONS]

HA failover, end to end: three replicas with leader election and a shared log (an S3 server in the cluster). While Agents are made
and changed, the leader's pod is killed (kubectl delete pod --grace-period=0 --force) and then deleted politely. Each time another
replica must lead within the lease window, and never two at a time by their metrics. At the end every Agent is as it should be, all
replicas are ready, the log verifies, and its terms are continuous: one more for each failover, no gap, no record twice.

Of this script:
  --rounds N               how often both are done; default 1
  --agents N               Agents at most; default 12
  --rate N                 Agents made or changed a second; default 2
`;

const OPTIONS = {
  rounds: { default: '1', read: wholeNumber(1, 1000) },
  agents: { default: '12', read: wholeNumber(1, 1000) },
  rate: { default: '2', read: number(0.1, 100) },
};

const VALUES = {
  replicaCount: 3,
  leaderElection: { enabled: true },
  minio: { enabled: true },
  metrics: { enabled: true },
};

/** How the leader goes, and in which time another one must lead. */
const ENDINGS = [
  {
    name: 'killed (--grace-period=0 --force)',
    id: 'killed',
    options: { gracePeriodSeconds: 0 },
    // A leader that dies at once says nothing: the others wait until its claim is over, and look every retryPeriod.
    boundMs: ({ leaseDurationMs, retryPeriodMs }) => leaseDurationMs + retryPeriodMs,
  },
  { name: 'deleted', id: 'deleted', options: {}, boundMs: ({ leaseDurationMs }) => leaseDurationMs },
];

await runReleaseScript({ name: 'ha-failover', usage: USAGE, options: OPTIONS, main });

/** @param {import('./lib/release/script.mjs').Run} run */
async function main(run) {
  const { report, settings } = run;
  const began = performance.now();
  const release = await releaseFor(run, { script: 'ha-failover', values: VALUES });
  const operator = await Operator.find(run, release);
  requireReplicas(operator);
  await report.step(
    'replicas ready',
    () => operator.untilReady(),
    (pods) => `${pods.length} of ${operator.replicas}`,
  );
  const first = await report.step(
    'one leader, by the Lease and by the metrics',
    () => untilOneLeads(run, operator),
    (holder) => holder,
  );
  const timings = await leaseTimings(operator);
  const fleet = await Fleet.make(run, operator, 'ha');
  const epochsBefore = await continuousEpochs(operator);
  const load = new Load({ fleet, agents: settings.agents, rate: settings.rate });
  const holders = await load.during(() => everyRound({ run, operator, timings, first }));
  load.mustNotBeRefused();
  await report.step(
    'replicas ready again',
    () => operator.untilReady(),
    (pods) => `${pods.length} of ${operator.replicas}`,
  );
  await report.step(`${fleet.agents.size} Agents as they should be`, () => fleet.untilSettled());
  const seconds = (performance.now() - began) / 1000 + 60;
  await report.step(
    'no Agent missed in the log',
    () => fleet.mustBeOnRecord(operator, seconds),
    (events) => `${events} records of them`,
  );
  await report.step('log verified', () => verifyLog(operator), describeVerified);
  await report.step(
    'terms continuous: no gap, no record twice',
    async () => requireTerms(await continuousEpochs(operator), epochsBefore, holders),
    (terms) => terms.map(({ epoch, records, end }) => `epoch ${epoch} ${end}, ${records} records`).join('; '),
  );
}

function requireReplicas(operator) {
  if (operator.isElected && operator.replicas > 1) return;
  throw new Precondition(
    `the release has ${operator.replicas} replicas ${operator.isElected ? 'with' : 'without'} leader election`,
    'Name a release with replicaCount: 3 and leaderElection.enabled: true, or leave --release out.',
  );
}

/** Resolves to the holders that have led, in their order. */
async function everyRound({ run, operator, timings, first }) {
  const holders = [first];
  for (let round = 1; round <= run.settings.rounds; round += 1) {
    for (const ending of ENDINGS)
      holders.push(await oneRound({ run, operator, timings, ending }, holders.at(-1)));
  }
  return holders;
}

async function oneRound({ run, operator, timings, ending }, holder) {
  const { report } = run;
  const boundMs = ending.boundMs(timings);
  const { next, ms } = await report.step(
    `leader ${ending.name}`,
    () => failOver(run, operator, { holder, deletion: ending.options, boundMs }),
    (result) =>
      `${result.next} leads after ${(result.ms / 1000).toFixed(1)} s, bound ${(boundMs / 1000).toFixed(1)} s`,
  );
  report.measure(`failover_${ending.id}_ms`, Math.round(ms));
  await report.step(
    'followers ready',
    () => operator.untilReady(),
    (pods) => `${pods.length} of ${operator.replicas}`,
  );
  return next;
}

/** Each failover is one more term, of who held the Lease then. Resolves to these terms. */
function requireTerms(epochs, before, holders) {
  const added = epochs.slice(before.length - 1);
  const writers = added.map(({ writer }) => writer);
  if (JSON.stringify(writers) === JSON.stringify(holders)) return added;
  throw new Failure(
    `the log's terms are of ${writers.join(', ')}; the Lease was held by ${holders.join(', ')}`,
  );
}
