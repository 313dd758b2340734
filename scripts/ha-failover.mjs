import { number, wholeNumber } from './lib/release/arguments.mjs';
import { Failure, Precondition } from './lib/release/errors.mjs';
import { compareTerms, failOver, leaseTimings, untilOneLeads } from './lib/release/failover.mjs';
import { Fleet } from './lib/release/fleet.mjs';
import { releaseFor } from './lib/release/installation.mjs';
import { Load } from './lib/release/load.mjs';
import { continuousEpochs, describeVerified, verifyLog } from './lib/release/log.mjs';
import { Operator, stepUntilReady } from './lib/release/operator.mjs';
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
  --busy                   the nodes have no processor time to spare: what is late, and leaders that change once more, are told,
                           but are no failure
`;

const OPTIONS = {
  rounds: { default: '1', read: wholeNumber(1, 1000) },
  agents: { default: '12', read: wholeNumber(1, 1000) },
  rate: { default: '2', read: number(0.1, 100) },
  busy: { default: false },
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
  await stepUntilReady(report, operator, 'replicas ready');
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
  await stepUntilReady(report, operator, 'replicas ready again');
  await report.step(`${fleet.agents.size} Agents as they should be`, () => fleet.untilSettled());
  const sinceSeconds = (performance.now() - began) / 1000 + 60;
  await report.step(
    'no Agent missed in the log',
    () => fleet.mustBeOnRecord(operator, sinceSeconds),
    (events) => `${events} records of them`,
  );
  await report.step('log verified', () => verifyLog(operator), describeVerified);
  await report.step(
    'terms continuous: no gap, no record twice',
    async () => judgeTerms(run, await continuousEpochs(operator), epochsBefore, holders),
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
    for (const ending of ENDINGS) holders.push(await oneRound({ run, operator, timings, ending }));
  }
  return holders;
}

async function oneRound({ run, operator, timings, ending }) {
  const { report } = run;
  const boundMs = ending.boundMs(timings);
  const holder = await untilOneLeads(run, operator);
  const { next, ms } = await report.step(
    `leader ${ending.name}`,
    () => failOver(run, operator, { holder, deletion: ending.options }),
    (result) => `${result.next} leads after ${seconds(result.ms)}, bound ${seconds(boundMs)}`,
  );
  report.measure(`failover_${ending.id}_ms`, Math.round(ms));
  if (ms > boundMs)
    tolerate(run, `another replica led after ${seconds(ms)} only; the bound is ${seconds(boundMs)}`);
  await stepUntilReady(report, operator, 'followers ready');
  return next;
}

/** Each failover is one more term, of who held the Lease then. Resolves to these terms. */
function judgeTerms(run, epochs, before, holders) {
  const added = epochs.slice(before.length - 1);
  const { missing, others } = compareTerms(added, holders);
  if (missing.length > 0)
    throw new Failure(`the log has no term of ${missing.join(', ')}, who held the Lease`);
  if (others.length > 0) tolerate(run, `more terms than leaders that were ended; of ${others.join(', ')}`);
  return added;
}

/** What a cluster without any processor time to spare may do. */
function tolerate({ report, settings }, problem) {
  if (settings.busy) report.say(`    ${problem} (--busy)`);
  else report.problem(problem);
}

function seconds(ms) {
  return `${(ms / 1000).toFixed(1)} s`;
}
