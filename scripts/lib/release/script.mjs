import { setMaxListeners } from 'node:events';
import { COMMON_USAGE, readArguments } from './arguments.mjs';
import { CleanUp } from './clean-up.mjs';
import { Cluster } from './cluster.mjs';
import { Precondition } from './errors.mjs';
import { Report } from './report.mjs';

export const EXIT = { passed: 0, failed: 1, missing: 2, interrupted: 130 };

/**
 * What the steps of a script work with.
 *
 * @typedef {object} Run
 * @property {any} settings what the arguments say; see readArguments
 * @property {Cluster} cluster
 * @property {Report} report
 * @property {CleanUp} cleanUp
 * @property {AbortSignal} signal aborted when the user interrupts
 */

/**
 * Runs a script for a cluster's operator: reads its arguments, connects to the cluster, runs `main`, prints the verdict,
 * removes what was made, and sets the exit code.
 *
 * @param {object} script
 * @param {string} script.name
 * @param {string} script.usage its --help, before what all scripts have in common
 * @param {Record<string, { default: string | boolean, read?: (text: string, option: string) => unknown }>} [script.options]
 * @param {{ passed: string, failed: string }} [script.verdicts] words for the verdict, where they are others
 * @param {(run: Run) => Promise<void>} script.main
 */
export async function runReleaseScript({ name, usage, options, verdicts, main }) {
  const settings = attempt(() => readArguments(process.argv.slice(2), options));
  if (settings === undefined) return;
  if (settings.help) {
    process.stdout.write(`${usage}\n${COMMON_USAGE}`);
    return;
  }
  process.exitCode = await runOnCluster({ name, settings, verdicts, main });
}

/**
 * The same with arguments that were read already. Resolves to the exit code.
 *
 * @param {object} script
 * @param {string} script.name
 * @param {any} script.settings at least `context`, `output` and `timeoutMs`
 * @param {{ passed: string, failed: string }} [script.verdicts]
 * @param {(run: Run) => Promise<void>} script.main
 * @returns {Promise<number>}
 */
export function runOnCluster({ name, settings, verdicts, main }) {
  const interrupted = new AbortController();
  // Every request listens to it.
  setMaxListeners(0, interrupted.signal);
  for (const one of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(one, () => interrupted.abort());
  const report = new Report({ script: name, output: settings.output, verdicts });
  return carryOut({ settings, report, signal: interrupted.signal, main });
}

function attempt(read) {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof Precondition)) throw error;
    complain(error);
    process.exitCode = EXIT.missing;
    return undefined;
  }
}

async function carryOut({ settings, report, signal, main }) {
  const cleanUp = new CleanUp();
  let isMissing = false;
  let cluster;
  try {
    cluster = await Cluster.open({ context: settings.context, signal });
    await main({ settings, cluster, report, cleanUp, signal });
  } catch (error) {
    isMissing = error instanceof Precondition;
    if (isMissing) complain(error);
    else if (!signal.aborted) report.problem(error.message);
    if (!isMissing && !signal.aborted && error.name !== 'Failure') process.stderr.write(`${error.stack}\n`);
  }
  if (settings.keep) tellKept(cleanUp.keep(), report);
  for (const left of await cleanUp.run((what) => report.say(`  … ${what}`))) {
    report.problem(`not cleaned up: ${left}`);
  }
  await cluster?.close();
  if (isMissing && report.problems.length === 0) return EXIT.missing;
  report.close({ isInterrupted: signal.aborted });
  if (report.problems.length > 0) return EXIT.failed;
  return signal.aborted ? EXIT.interrupted : EXIT.passed;
}

function tellKept(kept, report) {
  if (kept.length === 0) return;
  report.say('kept (--keep); not done:');
  for (const what of kept.reverse()) report.say(`  ${what}`);
}

export function complain({ message, remedy }) {
  process.stderr.write(`error: ${message}\n  remedy: ${remedy}\n`);
}
