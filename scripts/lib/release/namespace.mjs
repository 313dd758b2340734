import { randomBytes } from 'node:crypto';
import { Precondition } from './errors.mjs';
import { until } from './wait.mjs';

const GONE_TIMEOUT_MS = 120_000;

/** A name that nobody else has taken. */
export function uniqueName(prefix) {
  return `${prefix}-${randomBytes(3).toString('hex')}`;
}

export function namespacePath(name) {
  return `/api/v1/namespaces/${name}`;
}

/**
 * Makes a namespace that takes only pods of the Pod Security Standard `restricted`, to be removed with all that is in it.
 *
 * @param {import('./script.mjs').Run} run
 * @throws {Precondition} when there is one of that name, which somebody else's things may be in
 */
export async function makeNamespace({ cluster, cleanUp, signal }, name) {
  const labels = {
    'pod-security.kubernetes.io/enforce': 'restricted',
    'app.kubernetes.io/managed-by': 'rynxs-scripts',
  };
  if ((await cluster.get(namespacePath(name), signal)) !== undefined) {
    throw new Precondition(
      `there is a namespace ${name} already`,
      'Name one that does not exist yet, or the release that is in it with --release.',
    );
  }
  cleanUp.add(`delete the namespace ${name}`, (ending) => removeNamespace(cluster, name, ending));
  await cluster.create('/api/v1/namespaces', { metadata: { name, labels } }, signal);
}

async function removeNamespace(cluster, name, signal) {
  await cluster.remove(namespacePath(name), signal);
  const isGone = async () => (await cluster.get(namespacePath(name), signal)) === undefined;
  await until(`the namespace ${name} to go`, isGone, { timeoutMs: GONE_TIMEOUT_MS, signal });
}
