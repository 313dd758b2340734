import {
  type ActionsDecided,
  type DeadlineReached,
  type ObjectObserved,
  type Phase,
  payloadOf,
  type Refusal,
} from '@rynxs/kernel';
import type { LogEvent } from '@rynxs/log';
import { describeProblems } from '../schema/problem-list.js';
import type { Tenancy } from '../universe/tenancy.js';
import { acceptSession, asksToClose } from './accept-session.js';
import { hasEnded, type SessionState } from './session-state.js';

const CLOSED_BY_SPEC = phase('Closed', 'ClosedBySpec', 'closed by spec.lifecycle.state');
const AGENT_DELETED = phase('Closed', 'AgentDeleted', 'the Agent was deleted');
const EXPIRED = phase('Expired', 'TtlOver', 'the ttl was over');
const NOT_ACCEPTED = phase('Pending', 'InvalidSpec', 'no spec was accepted yet');
const AGENT_MISSING = phase('Pending', 'AgentMissing', 'there is no such Agent');
const AGENT_NOT_READY = phase('Pending', 'AgentNotReady', 'the Agent was not recorded as ready');
const ACTIVE = phase('Active', 'AgentReady', 'the Agent is ready');

/** The state after `event`; undefined when the Session is gone or was never observed. */
export function reduceSession(
  state: SessionState | undefined,
  event: LogEvent,
  tenancy: Tenancy | undefined,
): SessionState | undefined {
  if (event.type === 'SessionObserved') return observed(state, event, tenancy);
  if (state === undefined || event.type === 'SessionDeleted') return undefined;
  switch (event.type) {
    case 'DeadlineReached':
      return inPhase({ ...state, reachedDeadline: payloadOf<DeadlineReached>(event).deadline }, tenancy);
    case 'ActionsDecided':
      return recorded(state, payloadOf<ActionsDecided>(event));
    default:
      return state;
  }
}

/** The state in the phase that follows from it and from the Agent; the same object when that is the one that it is in. */
export function inPhase(before: SessionState, tenancy: Tenancy | undefined): SessionState {
  if (hasEnded(before)) return before;
  const state = bound(before, tenancy);
  const next = phaseOf(state, tenancy);
  return next.reason === state.phase.reason ? state : { ...state, phase: next };
}

function observed(
  state: SessionState | undefined,
  event: LogEvent,
  tenancy: Tenancy | undefined,
): SessionState {
  const { uid, spec } = payloadOf<ObjectObserved>(event);
  const [, namespace = '', name = ''] = event.aggregate_id.split('/');
  const before: SessionState = state?.uid === uid ? state : { namespace, name, uid, phase: NOT_ACCEPTED };
  const accepted = acceptSession(spec, before);
  const closing = asksToClose(spec) ? { isClosing: true as const } : {};
  if ('problems' in accepted) {
    const refusal = { reason: 'InvalidSpec', message: describeProblems(accepted.problems) };
    return inPhase({ ...before, ...closing, refusal: asBefore(before, refusal) }, tenancy);
  }
  const { refusal: _, ...rest } = before;
  return inPhase({ ...rest, ...closing, spec: accepted }, tenancy);
}

function asBefore({ refusal: before }: SessionState, refusal: Refusal): SessionState['refusal'] & object {
  const isRecorded =
    before?.isRecorded === true && before.reason === refusal.reason && before.message === refusal.message;
  return { ...refusal, isRecorded };
}

function recorded(state: SessionState, decided: ActionsDecided): SessionState {
  const { refusal, phase: entered } = decided;
  return {
    ...state,
    ...(refusal === null || state.refusal === undefined
      ? {}
      : { refusal: { ...state.refusal, isRecorded: true } }),
    ...(entered === undefined ? {} : { recordedPhase: entered.name }),
  };
}

/** Binds the Session to the first Agent of its name. A later one of the same name is another. */
function bound(state: SessionState, tenancy: Tenancy | undefined): SessionState {
  if (state.agentUid !== undefined || state.spec === undefined) return state;
  const agent = tenancy?.agent(state.namespace, state.spec.agent);
  return agent === undefined ? state : { ...state, agentUid: agent.uid };
}

function phaseOf(state: SessionState, tenancy: Tenancy | undefined): Phase {
  const { spec, agentUid, namespace, reachedDeadline, isClosing } = state;
  if (isClosing === true) return CLOSED_BY_SPEC;
  if (spec === undefined) return NOT_ACCEPTED;
  const agent = tenancy?.agent(namespace, spec.agent);
  if (agentUid !== undefined && agent?.uid !== agentUid) return AGENT_DELETED;
  // Timestamps of one format compare as text.
  if (spec.expiresAt !== undefined && (reachedDeadline ?? '') >= spec.expiresAt) return EXPIRED;
  if (agent === undefined) return AGENT_MISSING;
  return agent.isRunning && agent.isReady ? ACTIVE : AGENT_NOT_READY;
}

function phase(name: string, reason: string, message: string): Phase {
  return { name, reason, message };
}
