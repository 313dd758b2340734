import { childKey, type Refusal } from '@rynxs/kernel';
import { isSameJson, type Json } from '@rynxs/log';
import type { Accepted } from './accept-spec.js';
import { DEPLOYMENT } from './manifests/resource-types.js';
import type { Computer } from './spec.js';
import { type AgentState, hasWorkspace, isExpired } from './state.js';
import { outsideUniverse } from './universe/judge.js';
import type { Tenancy } from './universe/tenancy.js';

/**
 * The state with what the Universe of its namespace admits. The newest valid spec is obeyed as soon as it is within the
 * bounds; until then the computer goes on as last obeyed. A computer that is outside itself is barred: it stops, and
 * keeps all the rest. So does one that is within the bounds while what it was before is outside and runs still, because
 * something is in the way of the change. The same object when nothing is otherwise.
 */
export function admitted(before: AgentState, tenancy: Tenancy | undefined): AgentState {
  const { waiting } = before;
  const whyNot = waiting === undefined ? undefined : outsideUniverse(waiting, tenancy);
  const state =
    waiting === undefined ? before : whyNot === undefined ? obeyed(before, waiting) : held(before, waiting);
  // A spec that was obeyed just now has just been judged.
  const bar = waiting !== undefined && whyNot === undefined ? undefined : whyBarred(state, tenancy);
  const bounded = stoppedFirst(barred(state, bar !== undefined), isLeftRunning(state, tenancy));
  return running(refusedFor(bounded, whyNot ?? bar ?? state.invalid));
}

function obeyed(state: AgentState, { computer, lifecycle, universe }: Accepted): AgentState {
  const { waiting: _, universe: __, ...rest } = state;
  return {
    ...rest,
    lifecycle,
    ...(universe === undefined ? {} : { universe }),
    computer: kept(state, computer),
  };
}

/** A spec that is not admitted can stop the computer all the same: stopping must never depend on anything else. */
function held(state: AgentState, { lifecycle }: Accepted): AgentState {
  if (lifecycle.state !== 'Suspended' || state.lifecycle.state === 'Suspended') return state;
  return { ...state, lifecycle: { ...state.lifecycle, state: 'Suspended' } };
}

function whyBarred({ computer, universe }: AgentState, tenancy: Tenancy | undefined): Refusal | undefined {
  if (computer === undefined) return undefined;
  return outsideUniverse({ computer, ...(universe === undefined ? {} : { universe }) }, tenancy);
}

function barred(state: AgentState, isBarred: boolean): AgentState {
  if (isBarred === (state.isBarred === true)) return state;
  const { isBarred: _, ...rest } = state;
  return isBarred ? { ...rest, isBarred } : rest;
}

/** Whether the Deployment is of a computer that runs and is outside: this one, or an earlier one. */
function isLeftRunning({ computer, children }: AgentState, tenancy: Tenancy | undefined): boolean {
  if (computer === undefined) return false;
  const applied = children[childKey(DEPLOYMENT, computer.name)]?.basis;
  if (applied?.isRunning !== true) return false;
  return outsideUniverse({ computer: applied }, tenancy) !== undefined;
}

function stoppedFirst(state: AgentState, stopsFirst: boolean): AgentState {
  if (stopsFirst === (state.stopsFirst === true)) return state;
  const { stopsFirst: _, ...rest } = state;
  return stopsFirst ? { ...rest, stopsFirst } : rest;
}

/** Sets the refusal; one that says the same as before stays as recorded as it was. */
function refusedFor(state: AgentState, refusal: Refusal | undefined): AgentState {
  const before = state.refusal;
  if (before?.reason === refusal?.reason && before?.message === refusal?.message) return state;
  const { refusal: _, ...rest } = state;
  return refusal === undefined ? rest : { ...rest, refusal: { ...refusal, isRecorded: false } };
}

function running(state: AgentState): AgentState {
  const { computer, lifecycle, isBarred, stopsFirst } = state;
  const mayRun = isBarred !== true && stopsFirst !== true;
  const isRunning = lifecycle.state === 'Running' && mayRun && !isExpired(state) && hasWorkspace(state);
  return computer === undefined || computer.isRunning === isRunning
    ? state
    : { ...state, computer: { ...computer, isRunning } };
}

/** A computer that stays as it was stays the same object, for the sake of caches. */
function kept({ computer: before }: AgentState, computer: Accepted['computer']): Computer {
  const next: Computer = { ...computer, isRunning: before?.isRunning ?? false };
  return before !== undefined && isSameJson(before as unknown as Json, next as unknown as Json)
    ? before
    : next;
}
