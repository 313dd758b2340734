import { Failure } from './errors.mjs';

const REQUESTS = 'rest_client_requests_total';
/** Answers that are part of ordinary work: not found, conflict, a watch that is too old. */
const ORDINARY = new Set([404, 409, 410]);

/**
 * How many requests each pod of the operator has sent to the API server so far: by the pod's name, then by the code of the answer.
 *
 * @param {import('./operator.mjs').Operator} operator
 */
export async function requestsOf(operator) {
  const all = await operator.allMetrics();
  if (all.size === 0) throw new Failure('no pod of the operator serves metrics');
  return new Map([...all].map(([pod, samples]) => [pod, samples.by(REQUESTS, 'code')]));
}

/** What came in between, by code, over all pods. A process that was started again counts from 0. */
export function requestsBetween(before, after) {
  const sums = {};
  for (const [pod, counts] of after) {
    for (const [code, count] of Object.entries(counts)) {
      const earlier = before.get(pod)?.[code] ?? 0;
      const added = count >= earlier ? count - earlier : count;
      if (added > 0) sums[code] = (sums[code] ?? 0) + added;
    }
  }
  return sums;
}

export function total(counts) {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

/** Of requests by code, those that failed. */
export function failed(counts) {
  return Object.fromEntries(Object.entries(counts).filter(([code]) => isFailure(code)));
}

/** The code is a status of HTTP, or `<error>` where no answer came. */
function isFailure(code) {
  const status = Number(code);
  return Number.isNaN(status) || (status >= 400 && !ORDINARY.has(status));
}

export function describeCounts(counts) {
  const shown = Object.entries(counts).sort(([a], [b]) => (a < b ? -1 : 1));
  return shown.map(([code, count]) => `${count} × ${code}`).join(', ') || 'none';
}
