import type { ApiClient, RealCluster } from '../real-cluster.js';
import type { PolicyRule, RbacRules } from './rules.js';

const API = 'rbac.authorization.k8s.io';
const RBAC = `/apis/${API}/v1`;
const REVIEWS = '/apis/authorization.k8s.io/v1/subjectaccessreviews';
/** What a cluster lets everybody do who is authenticated; a cluster may be without. */
const EVERYBODYS = ['system:basic-user', 'system:discovery', 'system:public-info-viewer'];

/** For a user who may do anything at all. */
export const EVERYTHING: RbacRules = {
  clusterRules: [
    { apiGroups: ['*'], resources: ['*'], verbs: ['*'] },
    { nonResourceURLs: ['*'], verbs: ['*'] },
  ],
  namespaceRules: [],
};

/** Takes from all users what they need not be given to. The API server gives it to them again when it starts. */
export async function revokeEverybodys(api: ApiClient): Promise<void> {
  for (const name of EVERYBODYS) await api.must('DELETE', `${RBAC}/clusterrolebindings/${name}`);
}

/**
 * Binds a new user to these rules and to nothing else, and resolves to the path of a kubeconfig when the API server goes
 * by them.
 */
export async function userBoundTo(
  { clusterRules, namespaceRules }: RbacRules,
  user: string,
  namespace: string,
  cluster: RealCluster,
): Promise<string> {
  const { api } = cluster;
  const metadata = { name: user };
  const bind = (kind: string) => ({
    metadata,
    roleRef: { apiGroup: API, kind, name: user },
    subjects: [{ apiGroup: API, kind: 'User', name: user }],
  });
  await api.must('POST', `${RBAC}/clusterroles`, { metadata, rules: clusterRules });
  await api.must('POST', `${RBAC}/clusterrolebindings`, bind('ClusterRole'));
  const inNamespace = `${RBAC}/namespaces/${namespace}`;
  await api.must('POST', `${inNamespace}/roles`, { metadata, rules: namespaceRules });
  await api.must('POST', `${inNamespace}/rolebindings`, bind('Role'));
  for (const rule of clusterRules) await isAllowed(api, user, rule);
  for (const rule of namespaceRules) await isAllowed(api, user, rule, namespace);
  return cluster.kubeconfigFor({ user });
}

/** Resolves when the API server allows the user what the rule says: it hears of roles and bindings a moment later. */
async function isAllowed(api: ApiClient, user: string, rule: PolicyRule, namespace?: string): Promise<void> {
  const [verb] = rule.verbs;
  const [place = '', subresource] = rule.resources?.[0]?.split('/') ?? [];
  const asked =
    rule.nonResourceURLs === undefined
      ? {
          resourceAttributes: {
            ...{ verb, group: rule.apiGroups?.[0], resource: place, subresource, namespace },
            name: rule.resourceNames?.[0],
          },
        }
      : { nonResourceAttributes: { verb, path: rule.nonResourceURLs[0] } };
  for (;;) {
    const { status } = await api.must('POST', REVIEWS, { spec: { user, ...asked } });
    if ((status as { allowed: boolean }).allowed) return;
  }
}
