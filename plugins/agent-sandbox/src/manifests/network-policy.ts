import type { Manifest, ObjectMeta } from '@rynxs/kernel';
import type { Computer } from '../spec.js';
import { selectorOf } from './metadata.js';
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
export function networkPolicy({ name, egress }: Computer, metadata: ObjectMeta): Manifest {
  return {
    resource: NETWORK_POLICY,
    object: {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata,
      spec: {
        podSelector: { matchLabels: selectorOf(name) },
        policyTypes: ['Ingress', 'Egress'],
        ingress: [],
        egress: [
          ...(egress.dns ? [CLUSTER_DNS] : []),
          ...egress.cidrs.map(({ cidr, ports }) => ({
            to: [{ ipBlock: { cidr } }],
            ports: ports.map(({ protocol, port }) => ({ protocol, port })),
          })),
        ],
      },
    },
  };
}
