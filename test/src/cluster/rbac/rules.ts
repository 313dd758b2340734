import { type PolicyRule, ruleOf } from 'rynxs';
import type { AuditedRequest } from '../real-cluster.js';
import { NEEDS, type Need, type Scope } from './needs.js';

/** What helm/rynxs/files/rbac.yaml holds. */
export interface RbacRules {
  /** Of a ClusterRole. */
  readonly clusterRules: readonly PolicyRule[];
  /** Of a Role in the operator's own namespace. */
  readonly namespaceRules: readonly PolicyRule[];
}

export { formatRule, type PolicyRule, ruleOf } from 'rynxs';

interface Call {
  readonly scope: Scope;
  readonly group: string;
  readonly resource: string;
  readonly verb: string;
  /** Undefined for creations and collections. */
  readonly name: string | undefined;
}

/**
 * The needs that these requests are evidence of, with the verbs that were seen. Throws Error for a request that no need
 * explains, and for a need, or a verb of one, that no request is evidence of.
 */
export function neededFor(requests: readonly AuditedRequest[], ownNamespace: string): readonly Need[] {
  const seen = new Map<Need, Set<string>>();
  for (const request of requests) {
    const call = callOf(request, ownNamespace);
    const need = NEEDS.find((candidate) => explains(candidate, call));
    if (need === undefined) {
      const { resource, group, verb, scope } = call;
      throw new Error(
        `nothing in cli/src/doctor/permissions/needs.ts says what ${verb} of ${resource} in group "${group}" ` +
          `(${scope}) is for: ${request.requestURI}`,
      );
    }
    seen.set(need, (seen.get(need) ?? new Set()).add(call.verb));
  }
  const unused = NEEDS.flatMap((need) =>
    Object.keys(need.verbs)
      .filter((verb) => seen.get(need)?.has(verb) !== true)
      .map((verb) => `${verb} ${need.resource} (${need.scope})`),
  );
  if (unused.length > 0) throw new Error(`the operator was not seen to need: ${unused.join(', ')}`);
  return NEEDS.filter((need) => seen.has(need));
}

export function rulesOf(needs: readonly Need[]): RbacRules {
  const of = (scope: Scope) => needs.filter((need) => need.scope === scope).map(ruleOf);
  return { clusterRules: of('cluster'), namespaceRules: of('namespace') };
}

function callOf({ verb, requestURI, objectRef }: AuditedRequest, ownNamespace: string): Call {
  if (objectRef?.resource === undefined) {
    const [path = ''] = requestURI.split('?');
    return { scope: 'cluster', group: '', resource: path, verb, name: undefined };
  }
  const { resource, subresource, namespace, name, apiGroup = '' } = objectRef;
  return {
    // A request for a namespace counts as one within it.
    scope: namespace === ownNamespace && resource !== 'namespaces' ? 'namespace' : 'cluster',
    group: apiGroup,
    resource: subresource === undefined ? resource : `${resource}/${subresource}`,
    verb,
    name: verb === 'create' ? undefined : name,
  };
}

function explains({ scope, group, resource, names, verbs }: Need, call: Call): boolean {
  return (
    scope === call.scope &&
    group === call.group &&
    resource === call.resource &&
    call.verb in verbs &&
    (names === undefined || (call.name !== undefined && names.includes(call.name)))
  );
}
