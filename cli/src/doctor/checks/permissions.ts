import { ClusterError, nameInShard } from '@rynxs/kernel';
import type { Check } from '../check.js';
import { type Finding, failed, ok, warning } from '../finding.js';
import type { Installation } from '../installation.js';
import { type Access, accessesOf, isAllowed } from '../permissions/access-reviews.js';
import { ANCHOR, LEASE, type Need, OPERATOR_NEEDS } from '../permissions/needs.js';
import { formatRule, ruleOf } from '../permissions/rules.js';

/** Whether RBAC allows whoever runs this what the operator needs, verb by verb; the rules for what is missing. */
export const permissionsCheck: Check = {
  name: 'permissions',
  parts: [
    async (installation, signal) => {
      const connection = await installation.knownConnection();
      const { settings } = await installation.knownKernel();
      const accesses = accessesOf(
        await needsOf(installation),
        settings.namespace,
        await namespacesOf(installation),
      );
      try {
        const answers = await Promise.all(accesses.map((access) => isAllowed(access, connection, signal)));
        const refused = accesses.filter((_, index) => answers[index] === false);
        if (refused.length > 0) return describeRefused(refused);
        return [ok(`all ${accesses.length} permissions that the operator needs are given`)];
      } catch (error) {
        if (!(error instanceof ClusterError)) throw error;
        const remedy =
          'Bind the ClusterRole system:basic-user to system:authenticated again, as clusters do.';
        return [warning(`what is allowed cannot be told: ${error.message}`, remedy)];
      }
    },
  ],
};

/** What this configuration needs, by the names of its shard. */
export async function needsOf(installation: Installation): Promise<readonly Need[]> {
  const { settings } = await installation.knownKernel();
  const { anchor, leadershipType, shard } = settings;
  const isUsed = ({ scope, resource }: Need): boolean =>
    scope === 'cluster' || (resource === 'leases' ? leadershipType === 'lease' : anchor === 'configmap');
  const renamed = (name: string): string =>
    name === ANCHOR || name === LEASE ? nameInShard(name, shard) : name;
  return OPERATOR_NEEDS.filter(isUsed).map((need) =>
    need.names === undefined ? need : { ...need, names: need.names.map(renamed) },
  );
}

async function namespacesOf(installation: Installation): Promise<readonly string[]> {
  const text = (await installation.setting('cluster-kubernetes.namespaces')) ?? '';
  return text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}

/** One finding for each need and place, with the rule for the verbs that are missing. */
export function describeRefused(refused: readonly Access[]): readonly Finding[] {
  const byNeed = Map.groupBy(refused, ({ need }) => need);
  const places = [...byNeed].flatMap(([need, accesses]) =>
    [...Map.groupBy(accesses, ({ namespace }) => namespace)].map(([namespace, verbs]) => ({
      need,
      namespace,
      accesses: verbs,
    })),
  );
  return places.map(({ need, namespace, accesses }) => {
    const verbs = Object.fromEntries(accesses.map(({ verb }) => [verb, need.verbs[verb] ?? '']));
    const place = need.group === '' ? need.resource : `${need.resource} (${need.group})`;
    const names = need.names === undefined ? '' : ` ${need.names.join(', ')}`;
    const where = namespace === undefined ? '' : ` in ${namespace}`;
    const kind = namespace === undefined ? 'ClusterRole' : `Role in ${namespace}`;
    return failed(
      `may not ${Object.keys(verbs).join(', ')} ${place}${names}${where}: ${Object.values(verbs).join('; ')}`,
      `Add to the ${kind} of the operator: ${formatRule(ruleOf({ ...need, verbs }))}`,
    );
  });
}
