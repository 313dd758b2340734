import {
  type ActionsDecided,
  type DeadlineReached,
  type ObjectObserved,
  payloadOf,
  type Refusal,
  reduceChildren,
} from '@rynxs/kernel';
import type { JsonMap, LogEvent } from '@rynxs/log';
import { acceptSpec, asksForSuspension } from './accept-spec.js';
import { admitted } from './admit.js';
import { reduceFact } from './facts/reduce-fact.js';
import type { AgentState } from './state.js';
import type { Tenancy } from './universe/tenancy.js';

/** Settings that decisions depend on, as they are recorded. */
export interface AgentConfiguration {
  /** Canonical quantity. It is used when an Agent is first accepted; existing workspaces keep their size. */
  readonly defaultWorkspaceSize: string;
}

/**
 * The state after `event`; undefined when the Agent is gone or was never observed. Without a tenancy there are no
 * Universes.
 */
export function reduceAgent(
  state: AgentState | undefined,
  event: LogEvent,
  configuration: JsonMap,
  tenancy: Tenancy | undefined,
): AgentState | undefined {
  switch (event.type) {
    case 'AgentObserved':
      return observed(state, event, configuration, tenancy);
    case 'AgentDeleted':
      return undefined;
    case 'DeadlineReached':
      return state === undefined
        ? undefined
        : deadlineReached(state, payloadOf<DeadlineReached>(event).deadline, tenancy);
    case 'WorkspaceClaimObserved':
      return state === undefined ? undefined : admitted(reduceFact(state, event), tenancy);
    default:
      return state === undefined ? undefined : childrenChanged(reduceFact(state, event), event, tenancy);
  }
}

function observed(
  state: AgentState | undefined,
  event: LogEvent,
  configuration: JsonMap,
  tenancy: Tenancy | undefined,
): AgentState {
  const { uid, spec } = payloadOf<ObjectObserved>(event);
  const [, namespace = '', name = ''] = event.aggregate_id.split('/');
  const before = state?.uid === uid ? state : newState(namespace, name, uid, event.seq);
  const { defaultWorkspaceSize } = configuration as unknown as AgentConfiguration;
  const accepted = acceptSpec(spec, {
    identity: { namespace, name, uid },
    workspace: before.computer?.workspace,
    defaultWorkspaceSize,
  });
  const { invalid: _, waiting: __, ...rest } = before;
  const next =
    'reason' in accepted
      ? refused(rest, accepted, spec)
      : ({ ...rest, waiting: accepted } satisfies AgentState);
  return admitted(next, tenancy);
}

function newState(namespace: string, name: string, uid: string, since: number): AgentState {
  return { namespace, name, uid, since, lifecycle: { state: 'Running' }, children: {} };
}

/**
 * A refused spec changes nothing: the computer goes on as last accepted, and drift from that is still repaired. But it
 * can stop the computer, because stopping must never depend on the rest of a spec; only an accepted one starts it again.
 */
function refused(state: AgentState, invalid: Refusal, spec: JsonMap): AgentState {
  const lifecycle = asksForSuspension(spec)
    ? { ...state.lifecycle, state: 'Suspended' as const }
    : state.lifecycle;
  return { ...state, lifecycle, invalid };
}

function deadlineReached(state: AgentState, deadline: string, tenancy: Tenancy | undefined): AgentState {
  const { reachedDeadline = '' } = state;
  if (deadline <= reachedDeadline) return state;
  return admitted({ ...state, reachedDeadline: deadline }, tenancy);
}

function childrenChanged(state: AgentState, event: LogEvent, tenancy: Tenancy | undefined): AgentState {
  const next =
    event.type === 'ActionsDecided' ? refusalRecorded(state, payloadOf<ActionsDecided>(event)) : state;
  if (next.computer === undefined) return next;
  const children = reduceChildren(next.children, event, next.computer);
  if (children === next.children) return next;
  const changed = { ...next, children };
  return changed.stopsFirst === true ? admitted(changed, tenancy) : changed;
}

function refusalRecorded(state: AgentState, { refusal }: ActionsDecided): AgentState {
  if (refusal === null || state.refusal === undefined) return state;
  return { ...state, refusal: { ...state.refusal, isRecorded: true } };
}
