import type {
  ChildrenState,
  Decision,
  KubernetesObject,
  LiveView,
  Manifest,
  Reconciler,
  Report,
  SharedContext,
} from '@rynxs/kernel';
import type { JsonMap, LogEvent } from '@rynxs/log';
import { recordSpec } from '../schema/recorded-spec.js';
import { TENANCY, tenancyOf } from '../universe/tenancy.js';
import { inPhase, reduceSession } from './reduce-session.js';
import { reportSession } from './report-session.js';
import { SESSION, sessionDefinition } from './session-definition.js';
import { sessionSpecSchema } from './session-schema.js';
import { hasEnded, type SessionState } from './session-state.js';

/** Puts the life of Sessions on the record: who an Agent works for, from when, until when. */
export class SessionReconciler implements Reconciler<SessionState> {
  static readonly inject = [];

  readonly name = 'session';
  readonly version = 1;
  readonly resource = SESSION;
  readonly owns = [];
  readonly definition = sessionDefinition;
  readonly configuration = {};
  readonly context = TENANCY;

  observe(object: KubernetesObject): JsonMap {
    return recordSpec(sessionSpecSchema, object);
  }

  reduce(
    state: SessionState | undefined,
    event: LogEvent,
    _configuration: JsonMap,
    context?: SharedContext,
  ): SessionState | undefined {
    return reduceSession(state, event, tenancyOf(context));
  }

  adapt(state: SessionState, context: SharedContext): SessionState {
    return inPhase(state, tenancyOf(context));
  }

  decide({ phase, recordedPhase, refusal }: SessionState): Decision {
    return {
      actions: [],
      ...(refusal === undefined || refusal.isRecorded
        ? {}
        : { refusal: { reason: refusal.reason, message: refusal.message } }),
      ...(phase.name === recordedPhase ? {} : { phase }),
    };
  }

  manifests(): readonly Manifest[] {
    return [];
  }

  children(): ChildrenState<unknown> {
    return {};
  }

  applied(): undefined {
    return undefined;
  }

  deadline(state: SessionState): string | undefined {
    const { spec, reachedDeadline = '' } = state;
    if (hasEnded(state) || spec?.expiresAt === undefined || reachedDeadline >= spec.expiresAt)
      return undefined;
    return spec.expiresAt;
  }

  report(state: SessionState, live: LiveView): Report {
    return reportSession(state, live);
  }
}
