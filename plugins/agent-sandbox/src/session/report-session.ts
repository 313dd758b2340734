import type { LiveView, Report } from '@rynxs/kernel';
import { type Condition, writtenConditions } from '../report/conditions.js';
import type { LiveCondition } from '../report/live-shapes.js';
import type { SessionState } from './session-state.js';

/** The status of a Session. */
export function reportSession(state: SessionState, live: LiveView): Report {
  const { phase, refusal, spec, agentUid } = state;
  const generation = live.object.metadata.generation ?? 0;
  const previous = ((live.object.status ?? {}) as { conditions?: readonly LiveCondition[] }).conditions ?? [];
  const conditions: readonly Condition[] = [
    { type: 'Ready', isTrue: phase.name === 'Active', reason: phase.reason, message: phase.message },
    {
      type: 'Degraded',
      isTrue: refusal !== undefined,
      reason: refusal?.reason ?? 'AsExpected',
      message: refusal?.message ?? '',
    },
  ];
  return {
    status: {
      observedGeneration: generation,
      phase: phase.name,
      ...(agentUid === undefined ? {} : { agentUid }),
      ...(spec?.expiresAt === undefined ? {} : { expiresAt: spec.expiresAt }),
      conditions: [...writtenConditions(conditions, previous, generation, live.now)],
      lastEvent: { seq: live.lastEvent.seq, hash: live.lastEvent.hash },
    },
  };
}
