import type { LiveView, Report } from '@rynxs/kernel';
import { type Condition, writtenConditions } from '../report/conditions.js';
import type { LiveCondition } from '../report/live-shapes.js';
import type { Tenancy } from './tenancy.js';
import { governedNamespaces, type UniverseState } from './universe-state.js';

const SHOWN_AGENTS = 16;

/** The status of a Universe. */
export function reportUniverse(state: UniverseState, live: LiveView, tenancy: Tenancy | undefined): Report {
  const { refusal, bounds } = state;
  const namespaces = governedNamespaces(state);
  const { agents, outside } = tenancy?.populationOf(state.name) ?? { agents: 0, outside: new Map() };
  const generation = live.object.metadata.generation ?? 0;
  const previous = ((live.object.status ?? {}) as { conditions?: readonly LiveCondition[] }).conditions ?? [];
  const isReady = refusal === undefined;
  const { reason, message } = refusal ?? {
    reason: 'BoundsEnforced',
    message: `Agents in ${namespaces.length === 1 ? 'one namespace' : `${namespaces.length} namespaces`} are held to the bounds`,
  };
  const conditions: readonly Condition[] = [
    { type: 'Ready', isTrue: isReady, reason, message },
    {
      type: 'Degraded',
      isTrue: !isReady,
      reason: isReady ? 'AsExpected' : reason,
      message: isReady ? '' : describeDegraded(message, bounds !== undefined),
    },
  ];
  return {
    status: {
      observedGeneration: generation,
      namespaces: [...namespaces],
      agents: { total: agents, outside: outside.size },
      ...(outside.size === 0
        ? {}
        : {
            outsideAgents: [...outside]
              .slice(0, SHOWN_AGENTS)
              .map(([name, why]: readonly [string, string]) => ({ name, message: why })),
          }),
      conditions: [...writtenConditions(conditions, previous, generation, live.now)],
      lastEvent: { seq: live.lastEvent.seq, hash: live.lastEvent.hash },
    },
    health: { state: isReady ? 'ready' : 'degraded', reason, message },
  };
}

function describeDegraded(message: string, hasBounds: boolean): string {
  return hasBounds ? message : `${message}; until then no Agent runs in the namespaces that it names`;
}
