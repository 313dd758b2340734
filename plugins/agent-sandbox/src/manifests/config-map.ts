import type { Manifest, ObjectMeta } from '@rynxs/kernel';
import type { Computer } from '../spec.js';
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

function agentFile({ name, namespace, role, image, workspace, egress, isolation }: Computer): string {
  const description = {
    name,
    namespace,
    role,
    image,
    user: isolation.user,
    workspace: { path: '/workspace', size: workspace.size },
    network: {
      ingress: 'denied',
      egress:
        egress.dns || egress.cidrs.length > 0
          ? [
              ...(egress.dns ? ["names at the cluster's DNS"] : []),
              ...egress.cidrs.map(
                ({ cidr, ports }) =>
                  `${cidr} at ${ports.map(({ protocol, port }) => `${protocol} ${port}`).join(', ')}`,
              ),
            ]
          : 'denied',
    },
  };
  return `${JSON.stringify(description, null, 2)}\n`;
}
