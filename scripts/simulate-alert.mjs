import { parseArgs } from 'node:util';
import { SIMULATIONS, simulationOf } from './lib/alert-simulations.mjs';
import { CleanUp } from './lib/release/clean-up.mjs';
import { Cluster } from './lib/release/cluster.mjs';
import { Precondition } from './lib/release/errors.mjs';
import { Operator } from './lib/release/operator.mjs';
import { Report } from './lib/release/report.mjs';
import { pause, until } from './lib/release/wait.mjs';

const USAGE = `npm run simulate-alert -- [OPTIONS] ALERT

Does to an installed release what an alert is about, and undoes it in any case, also when interrupted.

With --prometheus it waits until the alert fires there, and after the fault is undone until it ends. Without it the fault
lasts for --for seconds.

      --list                 alerts, how they are simulated, and why some cannot be; needs no cluster
      --dry-run              only says what would be done; needs no cluster
      --release NAME         default rynxs
      --namespace NAME       of the release; default rynxs
      --context NAME         context of the kubeconfig (KUBECONFIG, else ~/.kube/config)
      --prometheus URL       as of \`kubectl port-forward svc/prometheus 9090\`: http://127.0.0.1:9090
      --timeout SECONDS      how long the alert is waited for; default 1200
      --for SECONDS          how long the fault lasts without --prometheus; default 180
  -h, --help

Exit codes: 0 done (and the alert fired and ended), 1 it did not or something could not be undone, 2 bad arguments, or this cannot be
simulated here, 130 interrupted. kubectl is found on PATH, or named by KUBECTL.
`;
const EXIT = { done: 0, failed: 1, missing: 2, interrupted: 130 };
const POLL_MS = 1_000;

process.exitCode = await main();

async function main() {
  try {
    const { values, positionals } = parseArguments();
    if (values.help) {
      process.stdout.write(USAGE);
      return EXIT.done;
    }
    if (values.list) {
      process.stdout.write(list());
      return EXIT.done;
    }
    const [alert, ...rest] = positionals;
    if (alert === undefined || rest.length > 0) throw new Precondition('name one alert', 'See --list.');
    if (values['dry-run']) {
      process.stdout.write(`${alert}: ${simulationOf(alert).what}; afterwards that is undone.\n`);
      return EXIT.done;
    }
    return await carryOut(alert, values);
  } catch (error) {
    if (!(error instanceof Precondition)) throw error;
    process.stderr.write(`error: ${error.message}\n  remedy: ${error.remedy}\n`);
    return EXIT.missing;
  }
}

function parseArguments() {
  try {
    const parsed = parseArgs({
      allowPositionals: true,
      options: {
        list: { type: 'boolean' },
        'dry-run': { type: 'boolean' },
        release: { type: 'string', default: 'rynxs' },
        namespace: { type: 'string', default: 'rynxs' },
        context: { type: 'string' },
        prometheus: { type: 'string' },
        timeout: { type: 'string', default: '1200' },
        for: { type: 'string', default: '180' },
        help: { type: 'boolean', short: 'h' },
      },
    });
    for (const name of ['timeout', 'for']) {
      if (!/^[1-9]\d{0,5}$/.test(parsed.values[name]))
        throw new Error(`--${name} must be a number of seconds`);
    }
    if (parsed.values.prometheus !== undefined && !/^https?:\/\//.test(parsed.values.prometheus))
      throw new Error('--prometheus must be an http or https URL');
    return parsed;
  } catch (error) {
    throw new Precondition(error.message, 'See --help.');
  }
}

function list() {
  const lines = Object.entries(SIMULATIONS).map(([alert, { what, impossible }]) =>
    impossible === undefined
      ? `${alert}\n  ${what}\n`
      : `${alert}\n  cannot be simulated here: ${impossible}\n`,
  );
  return lines.join('');
}

async function carryOut(alert, values) {
  const interrupted = new AbortController();
  for (const one of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(one, () => interrupted.abort());
  const { signal } = interrupted;
  // What cannot be simulated is said before anything is asked of the cluster.
  simulationOf(alert);
  const report = new Report({ script: 'simulate-alert', output: 'text' });
  const cleanUp = new CleanUp();
  const cluster = await Cluster.open({ context: values.context, signal });
  try {
    const run = { cluster, signal, settings: { timeoutMs: Number(values.timeout) * 1_000 } };
    const operator = await Operator.find(run, values);
    const target = { cluster, operator, cleanUp, signal };
    await simulate({ alert, target, values, report });
  } catch (error) {
    if (error instanceof Precondition) throw error;
    if (!signal.aborted) report.problem(error.message);
  } finally {
    await undo(cleanUp, report);
    await cluster.close();
  }
  report.close({ isInterrupted: signal.aborted });
  if (report.problems.length > 0) return EXIT.failed;
  return signal.aborted ? EXIT.interrupted : EXIT.done;
}

async function simulate({ alert, target, values, report }) {
  const { operator, cleanUp, signal } = target;
  const simulation = simulationOf(alert, operator);
  const where = { alert, namespace: operator.namespace, url: values.prometheus };
  const isWatched = values.prometheus !== undefined;
  if (isWatched && (await isFiring(where, signal))) {
    throw new Precondition(
      `${alert} fires already`,
      'First do what docs/PROMETHEUS_ALERTS.md says about it.',
    );
  }
  await report.step(simulation.what, () => simulation.begin(target));
  const timeoutMs = Number(isWatched ? values.timeout : values.for) * 1_000;
  const ending = new AbortController();
  const lasting = AbortSignal.any([signal, ending.signal]);
  const wait = { timeoutMs, signal: lasting, pollMs: POLL_MS };
  const waiting = isWatched
    ? report.step(`${alert} fires`, () => until(alert, () => isFiring(where, lasting), wait))
    : report.step(`left so for ${values.for} s`, () => pause(timeoutMs, lasting));
  const repeating = repeat(simulation, { ...target, signal: lasting });
  try {
    await Promise.race([waiting, repeating.then(() => waiting)]);
  } finally {
    ending.abort(new Error('the other one has failed'));
    await Promise.allSettled([waiting, repeating]);
  }
  await undo(cleanUp, report);
  if (!isWatched) return;
  const isOver = async () => !(await isFiring(where, signal));
  await report.step(`${alert} ends`, () =>
    until(`the end of ${alert}`, isOver, { timeoutMs, signal, pollMs: POLL_MS }),
  );
}

/** Until the target's signal aborts. */
async function repeat({ repeat: once }, target) {
  while (once !== undefined && !target.signal.aborted) {
    try {
      await once(target);
    } catch (error) {
      if (!target.signal.aborted) throw error;
    }
  }
}

async function undo(cleanUp, report) {
  for (const left of await cleanUp.run((what) => report.say(`  … ${what}`)))
    report.problem(`not undone: ${left}`);
}

/** Whether the alert fires for the release's namespace, or for all that is missing. */
async function isFiring({ alert, namespace, url }, signal) {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(10_000)]);
  const answer = await fetch(new URL('/api/v1/alerts', url), { signal: limit }).catch((error) => {
    signal.throwIfAborted();
    throw new Precondition(
      `Prometheus cannot be asked: ${error.cause?.message ?? error.message}`,
      'Check --prometheus.',
    );
  });
  if (!answer.ok) throw new Precondition(`Prometheus answers ${answer.status}`, 'Check --prometheus.');
  const { data } = await answer.json();
  return data.alerts.some(
    ({ labels, state }) =>
      state === 'firing' && labels.alertname === alert && (labels.namespace ?? namespace) === namespace,
  );
}
