import { AGENT } from '@rynxs/agent-sandbox';
import { CLUSTER, ClusterError, type KubernetesObject, rynxsError } from '@rynxs/kernel';
import type { OutputFormat } from '../terminal/output-format.js';
import { formatAge } from '../terminal/quantities.js';
import { formatTable } from '../terminal/table.js';
import type { Terminal } from '../terminal/terminal.js';
import { withKernel } from '../with-kernel.js';
import { type AgentRow, agentRow } from './agent-row.js';
import { startClientKernel } from './client-kernel.js';
import { chosenKubeconfig } from './kubeconfig.js';

interface AgentsOptions {
  readonly kubeconfig?: string;
  readonly namespace?: string;
  readonly output: OutputFormat;
}

/** `rynxs agents`. Throws RYNXS_CLUSTER_REQUEST when the cluster cannot tell. */
export async function agentsCommand(options: AgentsOptions, terminal: Terminal): Promise<void> {
  const rows = (await listAgents(options, terminal)).map(agentRow);
  if (options.output === 'json') {
    terminal.stdout.write(`${JSON.stringify(rows)}\n`);
  } else if (rows.length === 0) {
    terminal.stderr.write('no agents\n');
  } else {
    terminal.stdout.write(formatAgents(rows, Date.now()));
  }
}

async function listAgents(options: AgentsOptions, terminal: Terminal): Promise<readonly KubernetesObject[]> {
  const started = await startClientKernel(chosenKubeconfig(options.kubeconfig, terminal), terminal);
  try {
    return await withKernel(started, (kernel) =>
      kernel.get(CLUSTER).list(AGENT, {
        signal: terminal.interrupted,
        ...(options.namespace === undefined ? {} : { namespace: options.namespace }),
      }),
    );
  } catch (cause) {
    if (!(cause instanceof ClusterError)) throw cause;
    const detail = cause.reason === 'missing' ? 'its API has no Agents (universe.ai)' : cause.message;
    throw rynxsError('RYNXS_CLUSTER_REQUEST', { what: 'list the agents', detail }, { cause });
  }
}

/** The agents as a table. `now` in milliseconds since 1970. */
export function formatAgents(rows: readonly AgentRow[], now: number): string {
  return formatTable(
    ['NAMESPACE', 'NAME', 'ROLE', 'IMAGE', 'READY', 'REASON', 'AGE', 'LAST EVENT'],
    rows.map((row) => [
      row.namespace,
      row.name,
      row.role,
      row.image,
      row.ready ? 'yes' : 'no',
      row.reason,
      row.created === undefined ? '-' : formatAge(now - Date.parse(row.created)),
      row.last_event === null ? '-' : `seq ${row.last_event}`,
    ]),
  );
}
