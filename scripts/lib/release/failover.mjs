import { Failure } from './errors.mjs';
import { podOf } from './operator.mjs';
import { until } from './wait.mjs';

const POLL_MS = 100;
/** A rolling reading of two pods' metrics may see both ends of a change of leaders; twice in a row it means two leaders. */
const READINGS_OF_TWO = 2;

/** Timings of the election, in milliseconds, as the pods are given them. */
export async function leaseTimings(operator) {
  const setting = (name, byDefault) => durationMs(operator.setting(`LEADER_ELECTION_${name}`) ?? byDefault);
  return { leaseDurationMs: setting('LEASE_DURATION', '15s'), retryPeriodMs: setting('RETRY_PERIOD', '2s') };
}

/** Milliseconds of `250ms`, `15s`, `2m` or a number of seconds. */
export function durationMs(text) {
  const [, amount, unit] = /^(\d+)(ms|s|m|h)?$/.exec(text) ?? [];
  if (amount === undefined) throw new Failure(`${text} is no duration`);
  return Number(amount) * { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }[unit ?? 's'];
}

/**
 * Resolves to the identity that leads, when the Lease and the metrics of all replicas say the same.
 *
 * @param {import('./script.mjs').Run} run
 * @param {import('./operator.mjs').Operator} operator
 */
export function untilOneLeads({ settings, signal }, operator) {
  let [holder, leading] = [undefined, []];
  return until(
    'one leader',
    async () => {
      [holder, leading] = await Promise.all([operator.holder(), operator.leadersByMetrics()]);
      return holder !== undefined && leading.length === 1 && leading[0] === podOf(holder) && holder;
    },
    {
      timeoutMs: settings.timeoutMs,
      signal,
      describe: () =>
        `the Lease names ${holder ?? 'nobody'}, by the metrics ${leading.join(', ') || 'nobody'} leads`,
    },
  );
}

/**
 * Deletes the leader's pod and waits until another one leads, by the Lease and by its metrics. Resolves to who that is, and
 * to the milliseconds from when the API server had taken the deletion. Throws a Failure when two lead.
 */
export async function failOver({ cluster, settings, signal }, operator, { holder, deletion }) {
  const path = `/api/v1/namespaces/${operator.namespace}/pods/${podOf(holder)}`;
  await cluster.remove(path, signal, deletion);
  const started = performance.now();
  let readingsOfTwo = 0;
  const taken = async () => {
    const [current, leading] = await Promise.all([operator.holder(), operator.leadersByMetrics()]);
    readingsOfTwo = leading.length > 1 ? readingsOfTwo + 1 : 0;
    if (readingsOfTwo === READINGS_OF_TWO) throw new Failure(`two replicas lead: ${leading.join(', ')}`);
    return current !== undefined && current !== holder && leading.includes(podOf(current)) && current;
  };
  const next = await until('another replica to lead', taken, {
    timeoutMs: settings.timeoutMs,
    signal,
    pollMs: POLL_MS,
  });
  return { next, ms: performance.now() - started };
}

/**
 * Compares who the log says has written its terms, from the first of `holders` on, with who was seen to hold the Lease.
 *
 * @param {readonly { writer: string | null }[]} epochs
 * @param {readonly string[]} holders
 * @returns {{ missing: readonly string[], others: readonly string[] }} holders without a term, in their order; writers of
 *   further terms
 */
export function compareTerms(epochs, holders) {
  const left = [...holders];
  const others = epochs
    .map(({ writer }) => writer)
    .filter((writer) => {
      if (writer !== left[0]) return true;
      left.shift();
      return false;
    });
  return { missing: left, others };
}
