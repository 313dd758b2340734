import { type ActionsDecided, type ObjectObserved, payloadOf, type Refusal } from '@rynxs/kernel';
import { isSameJson, type LogEvent } from '@rynxs/log';
import { describeProblems } from '../schema/problem-list.js';
import { acceptUniverse, namedNamespaces } from './accept-universe.js';
import type { Tenancy } from './tenancy.js';
import { claimOf, type UniverseState } from './universe-state.js';

/** The state after `event`; undefined when the Universe is gone or was never observed. */
export function reduceUniverse(
  state: UniverseState | undefined,
  event: LogEvent,
  tenancy: Tenancy | undefined,
): UniverseState | undefined {
  switch (event.type) {
    case 'UniverseObserved':
      return observed(state, event, tenancy);
    case 'UniverseDeleted':
      return undefined;
    case 'ActionsDecided':
      return state === undefined ? undefined : recorded(state, payloadOf<ActionsDecided>(event));
    default:
      return state;
  }
}

/** The state among the claims of other Universes; the same object when nothing is otherwise. */
export function amongOthers(state: UniverseState, tenancy: Tenancy | undefined): UniverseState {
  const taken: Record<string, string> = {};
  for (const namespace of Object.keys(state.claims).sort()) {
    const owner = tenancy?.ownerBefore(namespace, state.name, claimOf(state.claims, namespace) ?? 0);
    if (owner !== undefined) taken[namespace] = owner;
  }
  const refusal = refusalOf(state, taken);
  const isSameRefusal =
    refusal?.reason === state.refusal?.reason && refusal?.message === state.refusal?.message;
  if (isSameRefusal && isSameJson(taken, state.taken)) return state;
  const { refusal: before, ...rest } = state;
  const isRecorded = isSameRefusal && before?.isRecorded === true;
  return { ...rest, taken, ...(refusal === undefined ? {} : { refusal: { ...refusal, isRecorded } }) };
}

function observed(
  state: UniverseState | undefined,
  event: LogEvent,
  tenancy: Tenancy | undefined,
): UniverseState {
  const { uid, spec } = payloadOf<ObjectObserved>(event);
  const name = event.aggregate_id.slice(event.aggregate_id.indexOf('/') + 1);
  const before: UniverseState = state?.uid === uid ? state : { name, uid, claims: {}, taken: {} };
  const { invalid: _, ...rest } = before;
  const accepted = acceptUniverse(spec);
  if ('bounds' in accepted) {
    const { bounds, namespaces } = accepted;
    return amongOthers({ ...rest, bounds, claims: claim(before, namespaces, event.seq) }, tenancy);
  }
  const invalid = { reason: 'InvalidSpec', message: describeProblems(accepted.problems) };
  // Bounds that were accepted go on. Where there never were any, nothing is admitted rather than everything.
  const claims =
    before.bounds === undefined ? claim(before, namedNamespaces(spec), event.seq) : before.claims;
  return amongOthers({ ...rest, invalid, claims }, tenancy);
}

function claim(
  { claims }: UniverseState,
  namespaces: readonly string[],
  seq: number,
): UniverseState['claims'] {
  return Object.fromEntries(namespaces.map((namespace) => [namespace, claimOf(claims, namespace) ?? seq]));
}

function recorded(state: UniverseState, { refusal }: ActionsDecided): UniverseState {
  if (refusal === null || state.refusal === undefined) return state;
  return { ...state, refusal: { ...state.refusal, isRecorded: true } };
}

function refusalOf({ invalid }: UniverseState, taken: UniverseState['taken']): Refusal | undefined {
  if (invalid !== undefined) return invalid;
  const [first, ...others] = Object.entries(taken);
  if (first === undefined) return undefined;
  const [namespace, owner] = first;
  const more = others.length === 0 ? '' : ` (and ${others.length} more)`;
  return {
    reason: 'NamespaceTaken',
    message:
      `namespace ${namespace} stays with Universe ${owner}, which claimed it first${more}; ` +
      'take it out of spec.namespaces of one of them',
  };
}
