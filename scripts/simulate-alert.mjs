import { parseArgs } from 'node:util';
import { SIMULATIONS, simulationOf } from './lib/alert-simulations.mjs';
import { Precondition } from './lib/release/errors.mjs';
import { Operator } from './lib/release/operator.mjs';
import { complain, EXIT, runOnCluster } from './lib/release/script.mjs';
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
      --output text|json     progress goes to stderr with json; default text
  -h, --help

Exit codes: 0 passed (the alert fired and ended), 1 it did not or something could not be undone, 2 bad arguments, or this cannot be
simulated here, 130 interrupted. kubectl is found on PATH, or named by KUBECTL.
`;
const POLL_MS = 1_000;

process.exitCode = await main();

async function main() {
  try {
    const { values, positionals } = parseArguments();
    if (values.help) {
      process.stdout.write(USAGE);
      return EXIT.passed;
    }
    if (values.list) {
      process.stdout.write(values.output === 'json' ? `${JSON.stringify(listed())}\n` : list());
      return EXIT.passed;
    }
    const [alert, ...rest] = positionals;
    if (alert === undefined || rest.length > 0) throw new Precondition('name one alert', 'See --list.');
    // What cannot be simulated is said before anything is asked of the cluster.
    const { what } = simulationOf(alert);
    if (values['dry-run']) {
      process.stdout.write(`${alert}: ${what}; afterwards that is undone.\n`);
      return EXIT.passed;
    }
    const settings = {
      ...values,
      timeoutMs: Number(values.timeout) * 1_000,
      forMs: Number(values.for) * 1_000,
    };
    return await runOnCluster({ name: 'simulate-alert', settings, main: (run) => simulate(alert, run) });
  } catch (error) {
    if (!(error instanceof Precondition)) throw error;
    complain(error);
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
        output: { type: 'string', default: 'text' },
        help: { type: 'boolean', short: 'h' },
      },
    });
    for (const name of ['timeout', 'for']) {
      if (!/^[1-9]\d{0,5}$/.test(parsed.values[name]))
        throw new Error(`--${name} must be a number of seconds`);
    }
    if (parsed.values.prometheus !== undefined && !/^https?:\/\//.test(parsed.values.prometheus))
      throw new Error('--prometheus must be an http or https URL');
    if (!['text', 'json'].includes(parsed.values.output)) throw new Error('--output must be text or json');
    return parsed;
  } catch (error) {
    throw new Precondition(error.message, 'See --help.');
  }
}

function listed() {
  return Object.entries(SIMULATIONS).map(([alert, { what, impossible }]) => ({
    alert,
    what,
    by_hand: impossible ?? null,
  }));
}

function list() {
  const lines = listed().map(({ alert, what, by_hand: byHand }) =>
    byHand === null ? `${alert}\n  ${what}\n` : `${alert}\n  cannot be simulated here: ${byHand}\n`,
  );
  return lines.join('');
}

/** @param {import('./lib/release/script.mjs').Run} run */
async function simulate(alert, { settings, cluster, report, cleanUp, signal }) {
  const operator = await Operator.find({ cluster, signal, settings }, settings);
  const target = { cluster, operator, cleanUp, signal };
  const simulation = simulationOf(alert, operator);
  const where = { alert, namespace: operator.namespace, url: settings.prometheus };
  const isWatched = settings.prometheus !== undefined;
  if (isWatched && (await isFiring(where, signal))) {
    throw new Precondition(
      `${alert} fires already`,
      'First do what docs/PROMETHEUS_ALERTS.md says about it.',
    );
  }
  await report.step(simulation.what, () => simulation.begin(target));
  const ending = new AbortController();
  const lasting = AbortSignal.any([signal, ending.signal]);
  const wait = { timeoutMs: settings.timeoutMs, signal: lasting, pollMs: POLL_MS };
  const waiting = isWatched
    ? report.step(`${alert} fires`, () => until(alert, () => isFiring(where, lasting), wait))
    : report.step(`left so for ${settings.forMs / 1_000} s`, () => pause(settings.forMs, lasting));
  const repeating = repeat(simulation, { ...target, signal: lasting });
  try {
    await Promise.race([waiting, repeating.then(() => waiting)]);
  } finally {
    ending.abort(new Error('the other one has failed'));
    await Promise.allSettled([waiting, repeating]);
  }
  for (const left of await cleanUp.run((what) => report.say(`  … ${what}`)))
    report.problem(`not undone: ${left}`);
  if (!isWatched) return;
  const isOver = async () => !(await isFiring(where, signal));
  await report.step(`${alert} ends`, () => until(`the end of ${alert}`, isOver, { ...wait, signal }));
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
