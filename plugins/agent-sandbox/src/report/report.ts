import { type KubernetesObject, type LiveView, manifestDigest, type Report } from '@rynxs/kernel';
import type { JsonMap } from '@rynxs/log';
import { manifestsOf } from '../manifests/manifests.js';
import { AGENT_LABEL } from '../manifests/metadata.js';
import { DEPLOYMENT, PERSISTENT_VOLUME_CLAIM, POD } from '../manifests/resource-types.js';
import { type Computer, claimNameOf, isGiven } from '../spec.js';
import { type AgentState, hasWorkspace, isExpired } from '../state.js';
import { type Assessment, assessment } from './assessment.js';
import { type Condition, writtenConditions } from './conditions.js';
import { reportContainment } from './containment.js';
import type { LiveCondition, LiveDeploymentStatus } from './live-shapes.js';
import { assessPod, conditionOf, hasEnded, isReady, lastCrashOf, limitationsOf, podOf } from './pod.js';

/** After so long without a crash the kubelet starts over with the shortest delay (Pod lifecycle, restart policy). */
const CRASH_WINDOW_MS = 600_000;

/** Failures that tell nothing by themselves: another one says why. */
const CONSEQUENCES = new Set(['NotAttempted']);

/** The status of an Agent. */
export function reportAgent(state: AgentState, live: LiveView): Required<Report> {
  const { computer, refusal, lifecycle } = state;
  const isStopped = computer !== undefined && !computer.isRunning;
  // A pod in which nothing runs any more stays for up to a second, until the kubelet has looked once more.
  const pods = objectsOf(live, POD.kind).filter((pod) => !isStopped || !hasEnded(pod));
  const pod = computer === undefined ? undefined : podOf(pods, computer);
  const health = assess(state, live, pod);
  const generation = live.object.metadata.generation ?? 0;
  const previous = ((live.object.status ?? {}) as { conditions?: readonly LiveCondition[] }).conditions ?? [];
  const limitations = pod === undefined ? [] : limitationsOf(pod);
  const isShown = pod !== undefined && health.kind !== 'progressing' && computer?.isRunning === true;
  const contained = isShown && isReady(pod) ? reportContainment(computer, pod, live) : undefined;
  const conditions = [
    ...conditionsOf(state, live, health, isStopped && pod === undefined, previous),
    ...(contained === undefined ? [] : [contained.condition]),
  ];
  const status: JsonMap = {
    observedGeneration: generation,
    phase: phaseOf(state, health),
    conditions: [...writtenConditions(conditions, previous, generation, live.now)],
    ...(isShown ? { podName: pod.metadata.name } : {}),
    ...(computer === undefined ? {} : { workspace: workspaceOf(computer) }),
    ...(contained === undefined ? {} : { containment: contained.status }),
    ...(lifecycle.expiresAt === undefined ? {} : { expiresAt: lifecycle.expiresAt }),
    ...(isShown && limitations.length > 0
      ? { limitations: limitations.map((limitation) => ({ ...limitation })) }
      : {}),
    lastEvent: { seq: live.lastEvent.seq, hash: live.lastEvent.hash },
  };
  const { kind, reason, message } = health;
  const isSuspended = isStopped && kind === 'ready';
  const stableMs = pod === undefined || kind !== 'ready' ? undefined : stabilityOf(pod, live);
  const verdict =
    refusal === undefined
      ? { state: isSuspended ? ('suspended' as const) : kind, reason, message }
      : { state: 'degraded' as const, reason: refusal.reason, message: refusal.message };
  return { status, health: { ...verdict, ...(stableMs === undefined ? {} : { stableMs }) } };
}

/**
 * A computer that crashed not long ago is not taken for ready, on the record, before the kubelet takes it for stable:
 * a loop of crashes is one event, not two for each turn.
 */
function stabilityOf(pod: KubernetesObject, live: LiveView): number | undefined {
  const crashedAt = lastCrashOf(pod);
  if (crashedAt === undefined) return undefined;
  return Date.parse(live.now) - Date.parse(crashedAt) < CRASH_WINDOW_MS ? CRASH_WINDOW_MS : undefined;
}

/** How the last accepted computer is doing: `ready` also for one that has stopped because it should. */
function assess(state: AgentState, live: LiveView, pod: KubernetesObject | undefined): Assessment {
  const { computer } = state;
  if (computer === undefined) {
    const { reason = 'NotObserved', message = 'the Agent was not looked at yet' } = state.refusal ?? {};
    return assessment('degraded', reason, message);
  }
  return (
    childrenFailure(state) ??
    unsettled(state, computer) ??
    claimMissing(state, computer) ??
    (computer.isRunning ? assessRunning(computer, live, pod) : assessStopped(state, pod))
  );
}

function childrenFailure({ children, name }: AgentState): Assessment | undefined {
  for (const [child, { failure }] of Object.entries(children)) {
    if (failure === undefined || CONSEQUENCES.has(failure.reason)) continue;
    const isForeignClaim =
      failure.reason === 'NotOwned' && child === `${PERSISTENT_VOLUME_CLAIM.kind}/${name}`;
    const remedy = isForeignClaim
      ? ` To work in it, make the Agent again with spec.workspace.existingClaim: ${name}.`
      : '';
    return assessment('degraded', failure.reason, `${child}: ${failure.message}${remedy}`);
  }
  return undefined;
}

/** A computer that would run if it had its claim. */
function claimMissing(state: AgentState, computer: Computer): Assessment | undefined {
  const isWanted = state.lifecycle.state === 'Running' && !isExpired(state) && state.isBarred !== true;
  if (!isWanted || hasWorkspace(state)) return undefined;
  return assessment(
    'degraded',
    'WorkspaceClaimMissing',
    `PersistentVolumeClaim ${claimNameOf(computer)} is not offered to this Agent: it must exist in namespace ${state.namespace} and carry the label ${AGENT_LABEL}=${state.name}`,
  );
}

function unsettled({ children }: AgentState, computer: Computer): Assessment | undefined {
  const isSettled = manifestsOf(computer).every(
    (manifest) =>
      children[`${manifest.resource.kind}/${manifest.object.metadata.name}`]?.digest ===
      manifestDigest(manifest),
  );
  return isSettled
    ? undefined
    : assessment('progressing', 'Reconciling', 'children are being made or changed');
}

function assessRunning(computer: Computer, live: LiveView, pod: KubernetesObject | undefined): Assessment {
  const deployment = objectsOf(live, DEPLOYMENT.kind).find(({ metadata }) => metadata.name === computer.name);
  const status = (deployment?.status ?? {}) as LiveDeploymentStatus;
  const isCurrent =
    (status.observedGeneration ?? 0) >= (deployment?.metadata.generation ?? 0) &&
    (status.updatedReplicas ?? 0) > 0;
  if (pod === undefined) {
    const failure = conditionOf(status.conditions, 'ReplicaFailure');
    if (failure?.status === 'True')
      return assessment(
        'degraded',
        failure.reason ?? 'ReplicaFailure',
        failure.message ?? 'the pod cannot be made',
      );
    return assessment('progressing', 'Starting', 'the pod is starting');
  }
  const condition = assessPod(pod, computer);
  if (condition.kind === 'ready' && !isCurrent)
    return assessment('progressing', 'Replacing', 'the previous pod is ending');
  const deadline = conditionOf(status.conditions, 'Progressing');
  return condition.kind === 'progressing' && deadline?.status === 'False'
    ? { ...condition, kind: 'degraded' }
    : condition;
}

function assessStopped(state: AgentState, pod: KubernetesObject | undefined): Assessment {
  if (pod !== undefined) return assessment('progressing', 'Stopping', `pod ${pod.metadata.name} is ending`);
  return whyStopped(state);
}

function whyStopped(state: AgentState): Assessment {
  const { isBarred, refusal } = state;
  if (isBarred === true && refusal !== undefined)
    return assessment('ready', 'OutsideUniverse', `stopped: ${refusal.message}; the workspace is kept`);
  const { expiresAt = '' } = state.lifecycle;
  return isExpired(state)
    ? assessment(
        'ready',
        'Expired',
        `stopped for good at ${expiresAt}, when its ttl was over; the workspace is kept`,
      )
    : assessment('ready', 'Suspended', 'stopped by spec.lifecycle.state; the workspace is kept');
}

function phaseOf({ computer, ...state }: AgentState, { kind }: Assessment): string {
  if (computer === undefined) return 'Refused';
  if (kind === 'degraded') return 'Degraded';
  if (!computer.isRunning) {
    if (kind === 'progressing') return 'Stopping';
    return isExpired(state) ? 'Expired' : 'Suspended';
  }
  return kind === 'ready' ? 'Running' : 'Pending';
}

function conditionsOf(
  state: AgentState,
  { contested }: LiveView,
  health: Assessment,
  isSuspended: boolean,
  previous: readonly LiveCondition[],
): readonly Condition[] {
  const { computer, refusal } = state;
  const { kind, reason, message } = health;
  const isRunning = computer?.isRunning === true;
  const degraded = kind === 'degraded' ? health : refusal;
  const stopped = whyStopped(state);
  const wasContested = previous.some(({ type }) => type === 'DriftContested');
  return [
    { type: 'Ready', isTrue: isRunning && kind === 'ready', reason, message },
    {
      type: 'Progressing',
      isTrue: kind === 'progressing',
      reason: kind === 'progressing' ? reason : 'Settled',
      message: kind === 'progressing' ? message : '',
    },
    {
      type: 'Degraded',
      isTrue: degraded !== undefined,
      reason: degraded?.reason ?? 'AsExpected',
      message: degraded?.message ?? '',
    },
    {
      type: 'Suspended',
      isTrue: isSuspended,
      reason: isSuspended ? stopped.reason : isRunning ? 'Running' : reason,
      message: isSuspended ? stopped.message : '',
    },
    ...(contested.length > 0 || wasContested
      ? [
          {
            type: 'DriftContested',
            isTrue: contested.length > 0,
            reason: contested.length > 0 ? 'ChangedBack' : 'Settled',
            message:
              contested.length > 0
                ? `somebody keeps changing ${contested.join(', ')}; repairs wait longer and longer`
                : '',
          },
        ]
      : []),
  ];
}

function workspaceOf(computer: Computer): JsonMap {
  const { workspace } = computer;
  return { claimName: claimNameOf(computer), ...(isGiven(workspace) ? {} : { size: workspace.size }) };
}

function objectsOf({ children }: LiveView, kind: string): readonly KubernetesObject[] {
  return children.filter(({ resource }) => resource.kind === kind).map(({ object }) => object);
}
