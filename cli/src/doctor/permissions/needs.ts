/** Where a permission is given: in every namespace and outside of them, or in the operator's own namespace only. */
export type Scope = 'cluster' | 'namespace';

/** A place at the API, and what each verb that is used there is for. */
export interface Need {
  readonly scope: Scope;
  /** API group; empty for core. */
  readonly group: string;
  /** Plural, with `/status` for the subresource; a path such as `/version` that belongs to no resource. */
  readonly resource: string;
  /** The only objects that are meant, where the operator knows their names. */
  readonly names?: readonly string[];
  readonly verbs: Readonly<Record<string, string>>;
}

/** Resources that are in no namespace, as OPERATOR_NEEDS names them. */
export const CLUSTER_SCOPED = /^(?:\/|namespaces$|universes(?:\/|$))/;

export const ANCHOR = 'rynxs-log-anchor';
export const LEASE = 'rynxs-operator-leader';

const OWN = 'universe.ai';

const reports = (kind: string, resource: string): Need => ({
  scope: 'cluster',
  group: OWN,
  resource: `${resource}/status`,
  verbs: { update: `the status of ${kind} tells users what became of their spec` },
});

const readsOwn = (resource: string, what: string): Need => ({
  scope: 'cluster',
  group: OWN,
  resource,
  verbs: { list: `${what}, when it starts`, watch: `${what}, as they change` },
});

const child = (group: string, resource: string, what: string): Need => ({
  scope: 'cluster',
  group,
  resource,
  verbs: {
    get: 'to see whose object is in the way, and what became of a write that got no answer',
    list: 'children as they are, when it starts',
    watch: 'drift is seen at once',
    create: `makes ${what}`,
    update: `repairs drift and carries changes of the spec into ${what}`,
  },
});

/**
 * What the operator needs, in the order in which it is written down: the source of helm/rynxs/files/rbac.yaml and
 * docs/RBAC.md. Tests run the operator on a real API server and demand that it calls all of this and nothing else.
 */
export const OPERATOR_NEEDS: readonly Need[] = [
  {
    scope: 'cluster',
    group: '',
    resource: '/version',
    verbs: { get: 'which release of Kubernetes it works on (most clusters let everybody ask)' },
  },
  {
    scope: 'cluster',
    group: '',
    resource: 'namespaces',
    names: ['kube-system'],
    verbs: { get: 'the uid of this namespace is the identity of the cluster, which the log belongs to' },
  },
  readsOwn('agents', 'the Agents that it works for'),
  reports('Agents', 'agents'),
  readsOwn('sessions', 'the Sessions that it keeps'),
  reports('Sessions', 'sessions'),
  readsOwn('universes', 'the bounds that Agents are held to'),
  reports('Universes', 'universes'),
  child('', 'configmaps', 'what an agent is told of itself'),
  child('', 'persistentvolumeclaims', 'the workspace'),
  child('networking.k8s.io', 'networkpolicies', 'the network’s bounds'),
  child('apps', 'deployments', 'the computer'),
  {
    scope: 'cluster',
    group: '',
    resource: 'pods',
    verbs: {
      list: 'how Agents do, and how their pods are contained, when it starts',
      watch: 'the same, as it changes',
    },
  },
  {
    scope: 'cluster',
    group: '',
    resource: 'events',
    verbs: { create: 'what `kubectl describe` shows below an Agent, a Session or a Universe' },
  },
  {
    scope: 'namespace',
    group: '',
    resource: 'configmaps',
    verbs: { create: 'the anchor of the log, when there is none' },
  },
  {
    scope: 'namespace',
    group: '',
    resource: 'configmaps',
    names: [ANCHOR],
    verbs: {
      get: 'the newest checkpoint that was anchored: a log that was rolled back is refused',
      update: 'anchors the log’s newest checkpoint outside of its store',
    },
  },
  {
    scope: 'namespace',
    group: 'coordination.k8s.io',
    resource: 'leases',
    // A creation has no name yet that RBAC could go by.
    verbs: { create: 'the Lease by which replicas choose their leader, when there is none' },
  },
  {
    scope: 'namespace',
    group: 'coordination.k8s.io',
    resource: 'leases',
    names: [LEASE],
    verbs: {
      get: 'what became of a renewal that got no answer; whether it has expired, where its watch is silent',
      list: 'who leads, when it starts',
      watch: 'a leader that leaves is replaced at once',
      update: 'takes, renews and releases it',
    },
  },
];
