import type { Manifest, ObjectMeta } from '@rynxs/kernel';
import type { AgentRule, Computer, Port } from '../spec.js';
import { groupSelectorOf, selectorOf } from './metadata.js';
import { NETWORK_POLICY } from './resource-types.js';

const CLUSTER_DNS = {
  to: [
    {
      namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'kube-system' } },
      podSelector: { matchLabels: { 'k8s-app': 'kube-dns' } },
    },
  ],
  ports: [
    { protocol: 'UDP', port: 53 },
    { protocol: 'TCP', port: 53 },
  ],
};

/**
 * Denies all but what the Agent lists. Empty lists of rules are written out although the API server drops them: only
 * so are they ours, and a rule that somebody adds by hand is drift.
 */
export function networkPolicy({ name, network }: Computer, metadata: ObjectMeta): Manifest {
  const { egress, ingress } = network;
  return {
    resource: NETWORK_POLICY,
    object: {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata,
      spec: {
        podSelector: { matchLabels: selectorOf(name) },
        policyTypes: ['Ingress', 'Egress'],
        ingress: ingress.agents.map((rule) => ({ from: [agentsOf(rule)], ports: portsOf(rule) })),
        egress: [
          ...(egress.dns ? [CLUSTER_DNS] : []),
          ...egress.cidrs.map((rule) => ({ to: [{ ipBlock: { cidr: rule.cidr } }], ports: portsOf(rule) })),
          ...egress.agents.map((rule) => ({ to: [agentsOf(rule)], ports: portsOf(rule) })),
        ],
      },
    },
  };
}

/** Without a selector of namespaces a peer is in the namespace of the policy. */
function agentsOf({ name = '', group }: AgentRule) {
  return { podSelector: { matchLabels: group === undefined ? selectorOf(name) : groupSelectorOf(group) } };
}

function portsOf({ ports }: { readonly ports: readonly Port[] }) {
  return ports.map(({ protocol, port }) => ({ protocol, port }));
}
