import {
  type ActionsDecided,
  type DeadlineReached,
  type ObjectObserved,
  payloadOf,
  type Refusal,
  reduceChildren,
} from '@rynxs/kernel';
import { isSameJson, type Json, type JsonMap, type LogEvent } from '@rynxs/log';
import { type Accepted, acceptSpec, asksForSuspension } from './accept-spec.js';
import type { Computer } from './spec.js';
import { type AgentState, isExpired } from './state.js';

/** Settings that decisions depend on, as they are recorded. */
export interface AgentConfiguration {
  /** Canonical quantity. It is used when an Agent is first accepted; existing workspaces keep their size. */
  readonly defaultWorkspaceSize: string;
}

/** The state after `event`; undefined when the Agent is gone or was never observed. */
export function reduceAgent(
  state: AgentState | undefined,
  event: LogEvent,
  configuration: JsonMap,
): AgentState | undefined {
  switch (event.type) {
    case 'AgentObserved':
      return observed(state, event, configuration);
    case 'AgentDeleted':
      return undefined;
    case 'DeadlineReached':
      return state === undefined
        ? undefined
        : deadlineReached(state, payloadOf<DeadlineReached>(event).deadline);
    default:
      return state === undefined ? undefined : childrenChanged(state, event);
  }
}

function observed(state: AgentState | undefined, event: LogEvent, configuration: JsonMap): AgentState {
  const { uid, spec } = payloadOf<ObjectObserved>(event);
  const [, namespace = '', name = ''] = event.aggregate_id.split('/');
  const before = state?.uid === uid ? state : newState(namespace, name, uid);
  const { defaultWorkspaceSize } = configuration as unknown as AgentConfiguration;
  const accepted = acceptSpec(spec, {
    identity: { namespace, name, uid },
    workspace: before.computer?.workspace,
    defaultWorkspaceSize,
  });
  return 'reason' in accepted ? refused(before, accepted, spec) : obeyed(before, accepted);
}

function newState(namespace: string, name: string, uid: string): AgentState {
  return { namespace, name, uid, lifecycle: { state: 'Running' }, children: {} };
}

function obeyed(state: AgentState, { computer, lifecycle }: Accepted): AgentState {
  const { refusal: _, ...rest } = state;
  return withRunning({ ...rest, lifecycle }, computer);
}

/**
 * A refused spec changes nothing: the computer goes on as last accepted, and drift from that is still repaired. But it
 * can stop the computer, because stopping must never depend on the rest of a spec; only an accepted one starts it again.
 */
function refused(state: AgentState, refusal: Refusal, spec: JsonMap): AgentState {
  const isRecorded =
    state.refusal?.isRecorded === true &&
    state.refusal.reason === refusal.reason &&
    state.refusal.message === refusal.message;
  const lifecycle = asksForSuspension(spec)
    ? { ...state.lifecycle, state: 'Suspended' as const }
    : state.lifecycle;
  return withRunning({ ...state, lifecycle, refusal: { ...refusal, isRecorded } }, state.computer);
}

function deadlineReached(state: AgentState, deadline: string): AgentState {
  const { reachedDeadline = '' } = state;
  if (deadline <= reachedDeadline) return state;
  return withRunning({ ...state, reachedDeadline: deadline }, state.computer);
}

function childrenChanged(state: AgentState, event: LogEvent): AgentState {
  const next =
    event.type === 'ActionsDecided' ? refusalRecorded(state, payloadOf<ActionsDecided>(event)) : state;
  if (next.computer === undefined) return next;
  const children = reduceChildren(next.children, event, next.computer);
  return children === next.children ? next : { ...next, children };
}

function refusalRecorded(state: AgentState, { refusal }: ActionsDecided): AgentState {
  if (refusal === null || state.refusal === undefined) return state;
  return { ...state, refusal: { ...state.refusal, isRecorded: true } };
}

/** Sets the computer, and whether it runs. One that stays as it was stays the same object, for the sake of caches. */
function withRunning(state: AgentState, computer: Omit<Computer, 'isRunning'> | undefined): AgentState {
  if (computer === undefined) return state;
  const isRunning = state.lifecycle.state === 'Running' && !isExpired(state);
  const next: Computer = { ...computer, isRunning };
  const isUnchanged =
    state.computer !== undefined && isSameJson(state.computer as unknown as Json, next as unknown as Json);
  return isUnchanged ? state : { ...state, computer: next };
}
