import type { VerifyReport } from '../log-verification/verify-report.js';
import { type AgentProgress, describeWaiting } from './agent-progress.js';

/** One agent in the result of `rynxs dev --output json`. */
export interface AgentResult {
  /** `default/my-agent`. */
  readonly agent: string;
  readonly ready: boolean;
  /** `Deployment/my-agent`. */
  readonly children: readonly string[];
  /** Why it is not ready. */
  readonly reason?: string;
}

/** What `rynxs dev --output json` prints. A single agent stands for itself; several, or none, are a list. */
export type DevResult = (AgentResult | { readonly agents: readonly AgentResult[] }) & {
  /** Records in the log. */
  readonly events: number;
  /** Whether all of them are as they were written. */
  readonly verified: boolean;
  /** Since the process began. */
  readonly elapsedMs: number;
};

export function devResult(
  progress: readonly AgentProgress[],
  { records, intact }: Pick<VerifyReport, 'records' | 'intact'>,
  elapsedMs: number,
): DevResult {
  const agents = progress.map(agentResult);
  const [only] = agents;
  const outcome = agents.length === 1 && only !== undefined ? only : { agents };
  return { ...outcome, events: records, verified: intact, elapsedMs: Math.round(elapsedMs) };
}

function agentResult(progress: AgentProgress): AgentResult {
  const { agent, ready, children, blocked } = progress;
  if (ready) return { agent, ready, children };
  const reason =
    blocked === undefined
      ? `waiting for ${describeWaiting(progress)}`
      : `${blocked.reason}: ${blocked.message}`;
  return { agent, ready, children, reason };
}
