import { writeFileSync } from 'node:fs';

/**
 * Counts of a run, and a line for each failure that is known by name.
 *
 * @typedef {{ passed: number, failed: number, skipped: number, failures: string[] }} Totals
 */

/** @returns {Totals} */
export const noTests = () => ({ passed: 0, failed: 0, skipped: 0, failures: [] });

/** @param {Totals} sum is added to @param {Totals} totals */
export function add(sum, totals) {
  for (const key of ['passed', 'failed', 'skipped']) sum[key] += totals[key];
  sum.failures.push(...totals.failures);
}

/**
 * Prints the closing line of a tier and returns its exit code. Inside `.ci/run`, which closes with the sum of all
 * tiers, the numbers go to the file that it names, and the line is told apart by the tier's name.
 *
 * @param {string} tier @param {Totals} totals
 */
export function close(tier, totals) {
  const file = process.env.RYNXS_CI_TOTALS;
  const line = formatTotals(totals);
  if (file !== undefined) writeFileSync(file, JSON.stringify(totals));
  process.stdout.write(file === undefined ? `${line}\n` : `${tier}: ${line}\n`);
  return totals.failed === 0 ? 0 : 1;
}

export function formatTotals({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}
