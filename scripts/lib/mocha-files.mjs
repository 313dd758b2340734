import { runMocha } from './mocha-run.mjs';
import { add, noTests } from './totals.mjs';

/**
 * Runs each of `files` by a mocha of its own, `jobs` at a time, in their order; see {@link runMocha}. For files that have
 * nothing in common and mostly wait. An interrupted run begins no more of them.
 *
 * @param {{ files: string[], jobs: number, args?: string[], env?: Record<string, string>, out?: number }} options
 * @returns {Promise<import('./totals.mjs').Totals>}
 */
export async function runMochaFiles({ files, jobs, args, env, out }) {
  const totals = noTests();
  const waiting = [...files];
  const stop = () => waiting.splice(0);
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, stop);
  const work = async () => {
    for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
      add(totals, await runMocha({ files: [file], args, env, out }));
    }
  };
  await Promise.all(Array.from({ length: Math.min(jobs, files.length) }, work));
  for (const signal of ['SIGINT', 'SIGTERM']) process.off(signal, stop);
  return totals;
}
