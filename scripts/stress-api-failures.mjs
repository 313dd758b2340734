import { FAULTS } from './lib/release/api-faults.mjs';
import { describeCounts, failed, requestsBetween, requestsOf, total } from './lib/release/api-requests.mjs';
import { number, someOf, wholeNumber } from './lib/release/arguments.mjs';
import { Failure, Precondition } from './lib/release/errors.mjs';
import { Fleet } from './lib/release/fleet.mjs';
import { releaseFor } from './lib/release/installation.mjs';
import { Load } from './lib/release/load.mjs';
import { describeVerified, verifyLog } from './lib/release/log.mjs';
import { Operator, stepUntilReady } from './lib/release/operator.mjs';
import { runReleaseScript } from './lib/release/script.mjs';
import { pause } from './lib/release/wait.mjs';

const USAGE = `node scripts/stress-api-failures.mjs [OPTIONS]

Stress test, API failures: while Agents are made, changed and deleted, the Kubernetes API fails for the operator, in one way after
another. Each fault has to reach the operator, must not have it send requests as fast as it can, and once it is over every Agent
must become what its newest spec says. At the end the log verifies, and misses nothing.

Of this script:
  --faults NAMES           some of these, separated by commas; default all that this Kubernetes can do:
${Object.entries(FAULTS)
  .map(([name, { what }]) => `                           ${name}: ${what}`)
  .join('\n')}
  --seconds N              how long each lasts; default 15
  --agents N               Agents at most; default 10
  --rate N                 Agents made, changed or deleted a second, meanwhile; default 2
  --most-requests N        requests a second of all replicas together that are still no hot loop; default 100

The rights of an operator that is used by others, too (--release), are taken away for that time: it does nothing for anybody.
`;

const OPTIONS = {
  faults: { default: Object.keys(FAULTS).join(','), read: someOf(Object.keys(FAULTS)) },
  seconds: { default: '15', read: number(1, 3600) },
  agents: { default: '10', read: wholeNumber(1, 1000) },
  rate: { default: '2', read: number(0.1, 100) },
  'most-requests': { default: '100', read: number(1, 100_000) },
};

const VALUES = { minio: { enabled: true }, metrics: { enabled: true } };
const CHANCE_TO_DELETE = 0.2;

await runReleaseScript({ name: 'stress-api-failures', usage: USAGE, options: OPTIONS, main });

/** @param {import('./lib/release/script.mjs').Run} run */
async function main(run) {
  const { report, settings } = run;
  const began = performance.now();
  const faults = possible(run);
  const release = await releaseFor(run, { script: 'stress-api', values: VALUES });
  const operator = await Operator.find(run, release);
  await stepUntilReady(report, operator);
  const fleet = await Fleet.make(run, operator, 'api');
  await fleet.grow(Math.ceil(settings.agents / 2));
  await report.step(`${fleet.agents.size} Agents as their specs say`, () => fleet.untilSettled());
  const quiet = await requestRate(run, operator);
  report.say(`    ${quiet.toFixed(1)} requests/s while nothing happens`);
  for (const name of faults) await suffer({ run, operator, fleet }, name);
  await stepUntilReady(report, operator);
  await report.step('log verified', () => verifyLog(operator), describeVerified);
  const seconds = (performance.now() - began) / 1000 + 60;
  await report.step(
    'nothing missed',
    () => fleet.mustBeOnRecord(operator, seconds),
    (events) => `${events} records of specs and deletions`,
  );
}

/** The faults that this Kubernetes can do; says which it cannot. */
function possible({ settings, cluster, report }) {
  const [can, cannot] = [[], []];
  for (const name of settings.faults)
    (cluster.minor >= (FAULTS[name].leastMinor ?? 0) ? can : cannot).push(name);
  for (const name of cannot)
    report.say(
      `    skipped: ${name} needs Kubernetes 1.${FAULTS[name].leastMinor} (this is ${cluster.version})`,
    );
  report.measure('skipped', cannot);
  if (can.length > 0) return can;
  throw new Precondition(
    `Kubernetes ${cluster.version} can do none of the faults`,
    'Name others with --faults.',
  );
}

/** Requests a second over a short time. */
async function requestRate({ signal }, operator) {
  const before = await requestsOf(operator);
  const began = performance.now();
  await pause(2_000, signal);
  const requests = total(requestsBetween(before, await requestsOf(operator)));
  return requests / ((performance.now() - began) / 1000);
}

async function suffer(target, name) {
  const { run, fleet } = target;
  const { report, settings } = run;
  const counts = await report.step(
    `${name}: ${FAULTS[name].what}, ${settings.seconds} s`,
    () => inject(target, FAULTS[name]),
    (found) =>
      `${(total(found) / settings.seconds).toFixed(1)} requests/s; failed: ${describeCounts(failed(found))}`,
  );
  judge(run, name, counts);
  const lag = await report.step(
    `${name} is over: ${fleet.agents.size} Agents as their newest specs say`,
    () => fleet.untilSettled(),
  );
  report.measure(`${name}_requests_per_second`, total(counts) / settings.seconds);
  report.measure(`${name}_lag_seconds`, lag);
}

/** Resolves to the operator's requests during the fault, by code. */
async function inject(target, fault) {
  const { run, operator, fleet } = target;
  const { settings, cleanUp, signal } = run;
  const { begin, end } = await fault.prepare(target);
  const isOver = cleanUp.add(`end the fault: ${fault.what}`, end);
  const { agents, rate } = settings;
  const load = new Load({ fleet, agents, rate, chanceToDelete: CHANCE_TO_DELETE, seed: Date.now() });
  const before = await requestsOf(operator);
  await begin(signal);
  await load.during(() => pause(settings.seconds * 1000, signal));
  const after = await requestsOf(operator);
  await end(signal);
  isOver();
  load.mustNotBeRefused();
  return requestsBetween(before, after);
}

function judge({ report, settings }, name, counts) {
  const perSecond = total(counts) / settings.seconds;
  if (total(failed(counts)) === 0)
    throw new Failure(`${name} did not reach the operator: none of its requests failed`);
  if (perSecond <= settings.mostRequests) return;
  report.problem(
    `${name}: ${perSecond.toFixed(0)} requests a second are a hot loop; the bound is ${settings.mostRequests}`,
  );
}
