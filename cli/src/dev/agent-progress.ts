import type { KubernetesObject, ResourceType } from '@rynxs/kernel';
import { conditionOf, isObserved, isReady } from '../cluster/agent-row.js';

/** What is to be seen of an agent at a moment. */
export interface AgentView {
  readonly agent: KubernetesObject;
  /** Objects that it owns; the type beside them, as objects from a list do not say their kind. */
  readonly children: readonly { readonly resource: ResourceType; readonly object: KubernetesObject }[];
  readonly pods: readonly KubernetesObject[];
}

export interface Step {
  /** `ConfigMap/my-agent`, `Pod running`, `Ready`. */
  readonly name: string;
  readonly done: boolean;
  /** Why it is not done yet, where something says so. */
  readonly waitingFor?: string;
}

export interface AgentProgress {
  /** `default/my-agent`. */
  readonly agent: string;
  readonly ready: boolean;
  /** `Deployment/my-agent`, in the order in which reconcilers list their kinds. */
  readonly children: readonly string[];
  readonly steps: readonly Step[];
  /** Set when waiting cannot help. */
  readonly blocked?: { readonly reason: string; readonly message: string };
}

interface PodFields {
  readonly status?: {
    readonly phase?: string;
    readonly conditions?: readonly { type: string; status: string; reason?: string; message?: string }[];
    readonly containerStatuses?: readonly {
      readonly ready?: boolean;
      readonly state?: {
        readonly running?: { readonly startedAt?: string };
        readonly waiting?: { readonly reason?: string; readonly message?: string };
      };
    }[];
  };
}

/** No sandbox can be made on this machine; the node says so in a condition of the pod. */
const NO_SANDBOX = 'NoSandboxRuntime';

/**
 * How far an agent is. `kinds` are the kinds that its reconciler makes; `since` (milliseconds since 1970) is when this
 * session began: a pod that is said to run since earlier is a memory of the last session, whose processes are gone.
 */
export function agentProgress(view: AgentView, kinds: readonly string[], since: number): AgentProgress {
  const { agent, pods } = view;
  const { name, namespace } = agent.metadata;
  const children = kinds.flatMap((kind) => childrenOf(view, kind));
  const running = pods.some((pod) => runsSince(pod, since));
  const ready = running && isReady(agent) && conditionOf(agent, 'Degraded')?.status !== 'True';
  const steps = kinds.flatMap((kind): Step[] => {
    const found = childrenOf(view, kind);
    return found.length === 0
      ? [{ name: kind, done: false }]
      : found.map((child) => ({ name: child, done: true }));
  });
  steps.push(step('Pod running', running, podReason(pods)));
  steps.push(step('Ready', ready, describe(conditionOf(agent, 'Ready'))));
  const blocked = finalState(agent) ?? pods.map(sandboxProblem).find((problem) => problem !== undefined);
  return {
    agent: namespace === undefined ? name : `${namespace}/${name}`,
    ready,
    children,
    // A kind that this agent turned out not to need is nothing to wait for.
    steps: ready ? steps.filter(({ done }) => done) : steps,
    ...(blocked === undefined || ready ? {} : { blocked }),
  };
}

/** What is still missing, in words: for the message when time runs out. */
export function describeWaiting({ steps }: AgentProgress): string {
  const open = steps.filter(({ done }) => !done);
  return open
    .map(({ name, waitingFor }) => (waitingFor === undefined ? name : `${name} (${waitingFor})`))
    .join(', ');
}

function step(name: string, done: boolean, waitingFor: string | undefined): Step {
  return done || waitingFor === undefined ? { name, done } : { name, done, waitingFor };
}

function childrenOf({ children }: AgentView, kind: string): string[] {
  return children
    .filter(({ resource }) => resource.kind === kind)
    .map(({ object }) => `${kind}/${object.metadata.name}`)
    .sort();
}

function runsSince(pod: KubernetesObject, since: number): boolean {
  if (pod.metadata.deletionTimestamp !== undefined) return false;
  const { phase, containerStatuses = [] } = (pod as PodFields).status ?? {};
  // Times of the Kubernetes API are whole seconds.
  const wholeSecond = Math.floor(since / 1000) * 1000;
  return (
    phase === 'Running' &&
    containerStatuses.length > 0 &&
    containerStatuses.every(({ state }) => Date.parse(state?.running?.startedAt ?? '') >= wholeSecond)
  );
}

function podReason(pods: readonly KubernetesObject[]): string | undefined {
  for (const pod of pods) {
    const { phase, conditions = [], containerStatuses = [] } = (pod as PodFields).status ?? {};
    const waiting = containerStatuses.map(({ state }) => state?.waiting).find((state) => state !== undefined);
    const reason =
      describe(waiting) ??
      describe(conditions.find(({ status, reason }) => status === 'False' && reason !== undefined));
    if (reason !== undefined) return reason;
    if (phase !== undefined) return phase;
  }
  return undefined;
}

/** A state that only a change of the object ends: refused (also while an older one runs on), suspended, expired. */
function finalState(agent: KubernetesObject): AgentProgress['blocked'] {
  if (!isObserved(agent)) return undefined;
  const [ready, degraded, suspended] = ['Ready', 'Degraded', 'Suspended'].map((type) =>
    conditionOf(agent, type),
  );
  const { phase } = (agent as PodFields).status ?? {};
  const isRefused = degraded?.status === 'True' && (phase === 'Refused' || ready?.status === 'True');
  const told = isRefused ? degraded : suspended?.status === 'True' ? suspended : undefined;
  return told === undefined ? undefined : { reason: told.reason ?? 'Unknown', message: told.message ?? '' };
}

function sandboxProblem(pod: KubernetesObject): AgentProgress['blocked'] {
  const { conditions = [], containerStatuses = [] } = (pod as PodFields).status ?? {};
  const told = [...conditions, ...containerStatuses.map(({ state }) => state?.waiting)].find(
    (place) => place?.reason === NO_SANDBOX,
  );
  return told === undefined ? undefined : { reason: NO_SANDBOX, message: told.message ?? '' };
}

function describe(state: { reason?: string; message?: string } | undefined): string | undefined {
  if (state?.reason === undefined) return state?.message;
  return state.message ? `${state.reason}: ${state.message}` : state.reason;
}
