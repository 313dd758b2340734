import type { Cluster, ResourceType } from '@rynxs/kernel';
import type { JsonMap } from '@rynxs/log';
import { CLUSTER_SCOPED, type Need } from './needs.js';

const SELF_SUBJECT_ACCESS_REVIEWS: ResourceType = {
  group: 'authorization.k8s.io',
  version: 'v1',
  kind: 'SelfSubjectAccessReview',
  plural: 'selfsubjectaccessreviews',
  namespaced: false,
};

/** A verb of a need at one place. */
export interface Access {
  readonly need: Need;
  readonly verb: string;
  /** The only namespace that it is needed in; undefined for all of them, and where there are none. */
  readonly namespace: string | undefined;
}

/**
 * Everything that is to be allowed for some needs: those of the operator's own namespace there, the others in the
 * namespaces that it is limited to, or everywhere where there are none.
 */
export function accessesOf(
  needs: readonly Need[],
  ownNamespace: string,
  namespaces: readonly string[],
): readonly Access[] {
  return needs.flatMap((need) =>
    placesOf(need, ownNamespace, namespaces).flatMap((namespace) =>
      Object.keys(need.verbs).map((verb) => ({ need, verb, namespace })),
    ),
  );
}

/**
 * Whether the API server allows whoever asks all of an access, for each object that the need names. Throws ClusterError
 * where it does not tell.
 */
export async function isAllowed(access: Access, cluster: Cluster, signal: AbortSignal): Promise<boolean> {
  const names = access.verb === 'create' ? [undefined] : (access.need.names ?? [undefined]);
  const answers = await Promise.all(names.map((name) => review(attributesOf(access, name), cluster, signal)));
  return answers.every(Boolean);
}

async function review(spec: JsonMap, cluster: Cluster, signal: AbortSignal): Promise<boolean> {
  // The API server refuses one that has a name.
  const asked = { metadata: { name: '' }, spec };
  const { status } = await cluster.create(SELF_SUBJECT_ACCESS_REVIEWS, asked, { signal });
  return (status as { readonly allowed?: boolean } | undefined)?.allowed === true;
}

function attributesOf({ need, verb, namespace }: Access, name: string | undefined): JsonMap {
  if (need.resource.startsWith('/')) return { nonResourceAttributes: { verb, path: need.resource } };
  const [resource = '', subresource] = need.resource.split('/');
  const attributes = { verb, group: need.group, resource, subresource, namespace, name };
  const given = Object.entries(attributes).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  return { resourceAttributes: Object.fromEntries(given) };
}

function placesOf(
  { scope, resource }: Need,
  ownNamespace: string,
  namespaces: readonly string[],
): readonly (string | undefined)[] {
  if (scope === 'namespace') return [ownNamespace];
  return namespaces.length === 0 || CLUSTER_SCOPED.test(resource) ? [undefined] : namespaces;
}
