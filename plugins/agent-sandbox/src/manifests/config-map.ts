import type { Manifest, ObjectMeta } from '@rynxs/kernel';
import { type AgentRule, type Computer, isGiven, type Port } from '../spec.js';
import { CONFIG_MAP } from './resource-types.js';

/** Entry of the ConfigMap, and file in /etc/rynxs. */
export const AGENT_FILE = 'agent.json';

/** What the agent may know of its computer, as a file that it can read. */
export function configMap(computer: Computer, metadata: ObjectMeta): Manifest {
  return {
    resource: CONFIG_MAP,
    object: { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { [AGENT_FILE]: agentFile(computer) } },
  };
}

function agentFile({ name, namespace, role, image, workspace, network, isolation }: Computer): string {
  const { egress, ingress } = network;
  const description = {
    name,
    namespace,
    role,
    image,
    user: isolation.user,
    workspace: {
      path: '/workspace',
      ...(isGiven(workspace) ? { claim: workspace.existingClaim } : { size: workspace.size }),
    },
    network: {
      ...(network.groups.length > 0 ? { groups: network.groups } : {}),
      ingress: orDenied(ingress.agents.map((rule) => `${agentsOf(rule)} at ${portsOf(rule)}`)),
      egress: orDenied([
        ...(egress.dns ? ["names at the cluster's DNS"] : []),
        ...egress.cidrs.map((rule) => `${rule.cidr} at ${portsOf(rule)}`),
        ...egress.agents.map((rule) => `${agentsOf(rule)} at ${portsOf(rule)}`),
      ]),
    },
  };
  return `${JSON.stringify(description, null, 2)}\n`;
}

function orDenied(rules: readonly string[]): readonly string[] | 'denied' {
  return rules.length > 0 ? rules : 'denied';
}

function agentsOf({ name, group }: AgentRule): string {
  return group === undefined ? `agent ${name}` : `agents of group ${group}`;
}

function portsOf({ ports }: { readonly ports: readonly Port[] }): string {
  return ports.map(({ protocol, port }) => `${protocol} ${port}`).join(', ');
}
