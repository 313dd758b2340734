import { until } from '../real-cluster/processes.js';
import type { ApiObject } from '../real-cluster.js';
import type { ChartUser } from './chart-cluster.js';

const OPERATORS = ['-l', 'app.kubernetes.io/name=rynxs'] as const;
const LEADERSHIP = 'rynxs_leader_election_status';
/** Longer than a Lease that nobody gave back is waited for. */
const PATIENCE_MS = 30_000;

/** The operators of a namespace that are not about to end. */
export async function operatorPods(user: ChartUser): Promise<readonly ApiObject[]> {
  const pods: readonly ApiObject[] = JSON.parse(
    await user.kubectl('get', 'pods', ...OPERATORS, '-o', 'json'),
  ).items;
  return pods.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
}

/** Waits until three operators run, of which one leads. */
export async function oneOfThreeLeads(user: ChartUser): Promise<void> {
  let seen: readonly number[] = [];
  let failure: unknown;
  const isSo = async () => {
    try {
      seen = await metricOfOperators(user, LEADERSHIP);
      return seen.join() === '0,0,1';
    } catch (error) {
      // A pod may end between the two questions.
      failure = error;
      return false;
    }
  };
  if (await until(isSo, PATIENCE_MS)) return;
  const words = `one of three should lead: ${LEADERSHIP} of them was ${seen.join(', ')} last`;
  throw new Error(words, { cause: failure });
}

/** The value of a metric without labels, of each operator of a namespace, sorted. */
export async function metricOfOperators(user: ChartUser, name: string): Promise<readonly number[]> {
  const pods = await operatorPods(user);
  const values = pods.map(async ({ metadata }) => {
    const path = `/api/v1/namespaces/${user.namespace}/pods/${metadata.name}:8080/proxy/metrics`;
    const text = await user.kubectl('get', '--raw', path);
    return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]);
  });
  return (await Promise.all(values)).sort((one, other) => one - other);
}
