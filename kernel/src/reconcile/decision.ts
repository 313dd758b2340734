import type { LogRecord } from '@rynxs/log';
import type { ChildKey } from '../contracts/children.js';
import type { Action, Decision } from '../contracts/reconciler.js';
import { childKey, manifestDigest } from './children.js';
import type { ActionApplied, ActionFailed, ActionsDecided, DecidedAction, EventDraft } from './events.js';
import type { ActionOutcome } from './execute.js';
import type { Aggregate } from './projection.js';

/** The payload of `ActionsDecided` for a decision; replay computes it again and compares the bytes. */
export function describeDecision(
  decision: Decision,
  aggregate: Pick<Aggregate, 'reconciler' | 'lastEvent' | 'affectedBy'>,
): ActionsDecided {
  const { reconciler, lastEvent, affectedBy = 0 } = aggregate;
  return {
    v: 1,
    cause: Math.max(lastEvent.seq, affectedBy),
    decider: `${reconciler.name}@${reconciler.version}`,
    actions: decision.actions.map((action): DecidedAction => {
      const { group, version, kind } = action.resource;
      return {
        verb: action.verb,
        child: actionChild(action),
        api_version: group === '' ? version : `${group}/${version}`,
        kind,
        namespace: action.key.namespace ?? null,
        name: action.key.name,
        uid: action.uid ?? null,
        digest: action.manifest === undefined ? null : manifestDigest(action.manifest),
      };
    }),
    refusal: decision.refusal ?? null,
    ...(decision.phase === undefined ? {} : { phase: decision.phase }),
  };
}

/** Whether there is nothing to put on the record. */
export function isEmpty({ actions, refusal, phase }: Decision): boolean {
  return actions.length === 0 && refusal === undefined && phase === undefined;
}

/** The draft of `ActionApplied` or `ActionFailed` for an action of the decision in `record`. */
export function outcomeDraft(
  outcome: ActionOutcome,
  decision: ActionsDecided,
  action: number,
  record: LogRecord,
  traceId: string,
): EventDraft {
  const decided = decision.actions[action];
  if (decided === undefined) throw new RangeError(`the decision has no action ${action}`);
  const { child, verb } = decided;
  const { aggregate_id: aggregateId, seq } = record.event;
  const common = { v: 1 as const, decision: seq, action, child, verb };
  if (outcome.kind === 'applied') {
    const payload: ActionApplied = { ...common, uid: outcome.uid };
    return { type: 'ActionApplied', aggregateId, payload, traceId };
  }
  const { reason, message, permanent, ambiguous } = outcome;
  const payload: ActionFailed = { ...common, reason, message, permanent, ambiguous };
  return { type: 'ActionFailed', aggregateId, payload, traceId };
}

/** The child that an action is about. */
export function actionChild(action: Action): ChildKey {
  return childKey(action.resource, action.key.name);
}
