import { hangingServer } from './hanging-server.mjs';
import { uniqueName } from './namespace.mjs';

const RBAC = '/apis/rbac.authorization.k8s.io/v1';
const WEBHOOKS = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations';
const FLOW_CONTROL = '/apis/flowcontrol.apiserver.k8s.io/v1';
/** Releases of Kubernetes in which these are stable: flowcontrol v1, and matchConditions of webhooks. */
const FLOW_CONTROL_MINOR = 29;
const MATCH_CONDITIONS_MINOR = 30;
const WEBHOOK_TIMEOUT_SECONDS = 3;
/** Only what is exempt comes before 2. */
const FIRST_PRECEDENCE = 2;

/**
 * What a fault is injected into.
 *
 * @typedef {object} Target
 * @property {import('./script.mjs').Run} run
 * @property {import('./operator.mjs').Operator} operator
 * @property {import('./fleet.mjs').Fleet} fleet
 */

/**
 * Ways to make the API fail for the operator with nothing but rights at the API. `prepare` resolves to `begin` and `end`; the end
 * may be asked for at any time, and again. `leastMinor` is of the Kubernetes that can do it.
 *
 * @type {Record<string, { what: string, leastMinor?: number, prepare: (target: Target) => Promise<{ begin: (signal: AbortSignal) => Promise<void>, end: (signal: AbortSignal) => Promise<void> }> }>}
 */
export const FAULTS = {
  rbac: { what: 'its rights are taken away (403)', prepare: withoutRights },
  'webhook-gone': {
    what: 'a webhook that nobody serves fails every write of children (500)',
    prepare: async (target) =>
      failingWebhook(target, { namespace: target.fleet.namespace, name: 'nobody', port: 443 }),
  },
  'webhook-hangs': {
    what: `a webhook takes ${WEBHOOK_TIMEOUT_SECONDS} s to fail every write of children`,
    prepare: async (target) => failingWebhook(target, await hangingServer(target)),
  },
  throttled: {
    what: 'the API server throttles every request of it (429)',
    leastMinor: FLOW_CONTROL_MINOR,
    prepare: throttled,
  },
};

/** Takes the operator's ServiceAccount out of every binding, and puts it back. */
async function withoutRights({ run: { cluster, signal }, operator }) {
  const bindings = await bindingsOf(cluster, operator, signal);
  const patchAll = async (subjectsOf, ending) => {
    for (const { path, subjects } of bindings)
      await cluster.patch(path, { subjects: subjectsOf(subjects) }, ending);
  };
  return {
    begin: (ending) => patchAll((subjects) => subjects.filter((one) => !isAccount(one, operator)), ending),
    end: (ending) => patchAll((subjects) => subjects, ending),
  };
}

async function bindingsOf(cluster, operator, signal) {
  const [ofCluster, ofNamespaces] = await Promise.all([
    cluster.list(`${RBAC}/clusterrolebindings`, signal),
    cluster.list(`${RBAC}/rolebindings`, signal),
  ]);
  return [
    ...ofCluster.map((binding) => ({
      ...binding,
      path: `${RBAC}/clusterrolebindings/${binding.metadata.name}`,
    })),
    ...ofNamespaces.map((binding) => ({
      ...binding,
      path: `${RBAC}/namespaces/${binding.metadata.namespace}/rolebindings/${binding.metadata.name}`,
    })),
  ].filter(({ subjects = [] }) => subjects.some((one) => isAccount(one, operator)));
}

function isAccount({ kind, name, namespace }, operator) {
  return kind === 'ServiceAccount' && name === operator.serviceAccount && namespace === operator.namespace;
}

/** A webhook that is asked about every child that is written in the Agents' namespace, and never answers. */
function failingWebhook({ run: { cluster }, operator, fleet }, service) {
  const name = uniqueName('rynxs-stress');
  const user = `system:serviceaccount:${operator.namespace}:${operator.serviceAccount}`;
  const webhook = {
    name: 'children.stress.rynxs.invalid',
    admissionReviewVersions: ['v1'],
    sideEffects: 'None',
    failurePolicy: 'Fail',
    timeoutSeconds: WEBHOOK_TIMEOUT_SECONDS,
    clientConfig: { service },
    namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': fleet.namespace } },
    rules: [
      { apiGroups: [''], resources: ['configmaps', 'persistentvolumeclaims'] },
      { apiGroups: ['apps'], resources: ['deployments'] },
      { apiGroups: ['networking.k8s.io'], resources: ['networkpolicies'] },
    ].map((rule) => ({
      ...rule,
      apiVersions: ['v1'],
      operations: ['CREATE', 'UPDATE'],
      scope: 'Namespaced',
    })),
    // Where the API server can tell, only the operator is asked about; before that, whoever writes there.
    ...(cluster.minor >= MATCH_CONDITIONS_MINOR
      ? { matchConditions: [{ name: 'operator', expression: `request.userInfo.username == '${user}'` }] }
      : {}),
  };
  return {
    begin: (ending) => cluster.create(WEBHOOKS, { metadata: { name }, webhooks: [webhook] }, ending),
    end: (ending) => cluster.remove(`${WEBHOOKS}/${name}`, ending),
  };
}

/** A priority level that no request gets through, for the operator alone. */
async function throttled({ run: { cluster }, operator }) {
  const name = uniqueName('rynxs-stress');
  const { serviceAccount, namespace } = operator;
  const level = {
    type: 'Limited',
    limited: {
      nominalConcurrencyShares: 0,
      lendablePercent: 0,
      borrowingLimitPercent: 0,
      limitResponse: { type: 'Reject' },
    },
  };
  const schema = {
    matchingPrecedence: FIRST_PRECEDENCE,
    priorityLevelConfiguration: { name },
    rules: [
      {
        subjects: [{ kind: 'ServiceAccount', serviceAccount: { name: serviceAccount, namespace } }],
        resourceRules: [
          { verbs: ['*'], apiGroups: ['*'], resources: ['*'], namespaces: ['*'], clusterScope: true },
        ],
        nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }],
      },
    ],
  };
  return {
    begin: async (ending) => {
      await cluster.create(
        `${FLOW_CONTROL}/prioritylevelconfigurations`,
        { metadata: { name }, spec: level },
        ending,
      );
      await cluster.create(`${FLOW_CONTROL}/flowschemas`, { metadata: { name }, spec: schema }, ending);
    },
    end: async (ending) => {
      await cluster.remove(`${FLOW_CONTROL}/flowschemas/${name}`, ending);
      await cluster.remove(`${FLOW_CONTROL}/prioritylevelconfigurations/${name}`, ending);
    },
  };
}
