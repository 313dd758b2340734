import { stringify } from 'yaml';
import type { Need } from './needs.js';

/** A rule of rbac.authorization.k8s.io/v1. */
export interface PolicyRule {
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly nonResourceURLs?: readonly string[];
  readonly verbs: readonly string[];
}

/** The rule that allows what a need is for. */
export function ruleOf({ group, resource, names, verbs }: Need): PolicyRule {
  const allowed = { verbs: Object.keys(verbs) };
  if (resource.startsWith('/')) return { nonResourceURLs: [resource], ...allowed };
  return {
    apiGroups: [group],
    resources: [resource],
    ...(names === undefined ? {} : { resourceNames: names }),
    ...allowed,
  };
}

/** A rule on one line, as people read it. */
export function formatRule(rule: PolicyRule): string {
  return stringify(rule, { collectionStyle: 'flow', lineWidth: 0, flowCollectionPadding: false }).trim();
}
