import type { Fact, KubernetesObject } from '@rynxs/kernel';
import type { LivePodStatus } from '../report/live-shapes.js';
import type { AgentState } from '../state.js';

/** Event: how often the computer's container was restarted since the last one of its kind. */
export const CRASH_SUMMARY = 'AgentCrashSummary';

const SUMMARY_INTERVAL_MS = 3_600_000;

/** Payload member `fact` of `AgentCrashSummary`. */
export interface CrashFact {
  readonly pod: { readonly name: string; readonly uid: string };
  /** Restarts since `since`, and since the pod started. */
  readonly restarts: number;
  readonly total: number;
  /** RFC 3339: the previous summary, or the creation of the pod. */
  readonly since: string;
  /** How the container ended last. */
  readonly lastReason: string | null;
  readonly lastExitCode: number | null;
}

/** At most one summary an hour, and none in an hour without restarts. */
export function crashFacts({ crashes }: AgentState, pod: KubernetesObject): readonly Fact[] {
  const { uid = '', name, creationTimestamp = '' } = pod.metadata;
  const status = ((pod.status ?? {}) as LivePodStatus).containerStatuses?.[0];
  const total = status?.restartCount ?? 0;
  const restarts = total - (crashes?.pod === uid ? crashes.restarts : 0);
  if (restarts <= 0) return [];
  const since = crashes === undefined || crashes.at < creationTimestamp ? creationTimestamp : crashes.at;
  const { reason = null, exitCode = null } = status?.lastState?.terminated ?? {};
  const fact: CrashFact = {
    pod: { name, uid },
    restarts,
    total,
    since,
    lastReason: reason,
    lastExitCode: exitCode,
  };
  const notBefore = new Date(Date.parse(since) + SUMMARY_INTERVAL_MS).toISOString();
  return [{ type: CRASH_SUMMARY, fact: { ...fact, pod: { ...fact.pod } }, notBefore }];
}
