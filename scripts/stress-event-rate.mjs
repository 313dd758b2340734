import { number, wholeNumber } from './lib/release/arguments.mjs';
import { Fleet } from './lib/release/fleet.mjs';
import { formatMs, Gauges } from './lib/release/gauges.mjs';
import { releaseFor } from './lib/release/installation.mjs';
import { Load } from './lib/release/load.mjs';
import { describeVerified, logSummary, verifyLog } from './lib/release/log.mjs';
import { Operator, stepUntilReady } from './lib/release/operator.mjs';
import { runReleaseScript } from './lib/release/script.mjs';
import { pause } from './lib/release/wait.mjs';

const USAGE = `node scripts/stress-event-rate.mjs [OPTIONS]

Stress test, high event rate: Agents are made, changed and deleted at a rate, whatever the cluster makes of it. Prints every few
seconds, and for the whole run: operations and events a second, time to make an event durable (p50, p99), depth of the work queue,
and at the end how long it took until every Agent was as its newest spec says. Then the log must verify, and miss nothing.

Of this script:
  --rate N                 operations a second; default 10
  --agents N               Agents at most; default 20
  --minutes N              how long; default 1
  --seed N                 of what is chosen; default by the clock
`;

const OPTIONS = {
  rate: { default: '10', read: number(0.1, 1000) },
  agents: { default: '20', read: wholeNumber(1, 10_000) },
  minutes: { default: '1', read: number(0.05, 1440) },
  seed: { default: String(Date.now() % 1_000_000), read: wholeNumber(0, 4_294_967_295) },
};

const VALUES = { minio: { enabled: true }, metrics: { enabled: true } };
const CHANCE_TO_DELETE = 0.1;
const READING_MS = 5_000;

await runReleaseScript({ name: 'stress-event-rate', usage: USAGE, options: OPTIONS, main });

/** @param {import('./lib/release/script.mjs').Run} run */
async function main(run) {
  const { report, settings } = run;
  const began = performance.now();
  const { rate, agents, minutes, seed } = settings;
  report.measure('seed', seed);
  const release = await releaseFor(run, { script: 'stress-rate', values: VALUES });
  const operator = await Operator.find(run, release);
  await stepUntilReady(report, operator);
  const fleet = await Fleet.make(run, operator, 'rate');
  const gauges = await Gauges.start(operator);
  const load = new Load({ fleet, agents, rate, chanceToDelete: CHANCE_TO_DELETE, seed });
  await report.step(
    `${rate} operations a second on ${agents} Agents for ${minutes * 60} s (seed ${seed})`,
    () => load.during(() => watch(run, { gauges, load, ms: minutes * 60_000 })),
    () => `${load.total} done: ${describeDone(load)}`,
  );
  load.mustNotBeRefused();
  tell(report, { load, figures: gauges.inAll(), seconds: minutes * 60 });
  const lag = await report.step(`${fleet.agents.size} Agents as their newest specs say`, () =>
    fleet.untilSettled(),
  );
  report.measure('lag_seconds', lag);
  await report.step('log verified', () => verifyLog(operator), describeVerified);
  await report.step(
    'what it holds',
    () => logSummary(operator),
    ({ records, text }) => `${records} records: ${text}`,
  );
  const seconds = (performance.now() - began) / 1000 + 60;
  await report.step(
    'nothing missed',
    () => fleet.mustBeOnRecord(operator, seconds),
    (events) => `${events} records of specs and deletions`,
  );
}

/** Reads the metrics every few seconds, and prints what they say. */
async function watch({ report, signal }, { gauges, load, ms }) {
  const end = performance.now() + ms;
  while (performance.now() < end) {
    const before = { total: load.total, at: performance.now() };
    await pause(Math.min(READING_MS, end - performance.now()), signal);
    const figures = await gauges.read();
    const operations = ((load.total - before.total) * 1000) / (performance.now() - before.at);
    report.say(`    ${operations.toFixed(1)} operations/s, ${describeFigures(figures)}`);
  }
}

function describeFigures({ eventsPerSecond, appendP50, appendP99, depth }) {
  const append = `append p50 ${formatMs(appendP50)}, p99 ${formatMs(appendP99)}`;
  return `${eventsPerSecond.toFixed(1)} events/s, ${append}, queue ${depth}`;
}

function describeDone({ done: { created, changed, deleted } }) {
  return `${created} created, ${changed} changed, ${deleted} deleted`;
}

function tell(report, { load, figures, seconds }) {
  const { eventsPerSecond, appendP50, appendP99, mostDepth, events } = figures;
  const operations = load.total / seconds;
  report.say(
    `    in all: ${operations.toFixed(1)} operations/s, ${describeFigures({ ...figures, depth: `at most ${mostDepth}` })}`,
  );
  report.measure('operations_per_second', operations);
  report.measure('events', events);
  report.measure('events_per_second', eventsPerSecond);
  report.measure('append_p50_seconds', appendP50 ?? null);
  report.measure('append_p99_seconds', appendP99 ?? null);
  report.measure('queue_depth_most', mostDepth);
}
