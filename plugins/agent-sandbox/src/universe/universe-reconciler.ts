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
import { amongOthers, reduceUniverse } from './reduce-universe.js';
import { reportUniverse } from './report-universe.js';
import { TENANCY, tenancyOf } from './tenancy.js';
import { UNIVERSE, universeDefinition } from './universe-definition.js';
import { universeSpecSchema } from './universe-schema.js';
import type { UniverseState } from './universe-state.js';

/** Puts Universes on the record. What they bound is enforced by the reconciler of Agents. */
export class UniverseReconciler implements Reconciler<UniverseState> {
  static readonly inject = [];

  readonly name = 'universe';
  readonly version = 1;
  readonly resource = UNIVERSE;
  readonly owns = [];
  readonly definition = universeDefinition;
  readonly configuration = {};
  readonly context = TENANCY;
  readonly reportsContext = true;

  observe(object: KubernetesObject): JsonMap {
    return recordSpec(universeSpecSchema, object);
  }

  reduce(
    state: UniverseState | undefined,
    event: LogEvent,
    _configuration: JsonMap,
    context?: SharedContext,
  ): UniverseState | undefined {
    return reduceUniverse(state, event, tenancyOf(context));
  }

  adapt(state: UniverseState, context: SharedContext): UniverseState {
    return amongOthers(state, tenancyOf(context));
  }

  decide({ refusal }: UniverseState): Decision {
    if (refusal === undefined || refusal.isRecorded) return { actions: [] };
    return { actions: [], refusal: { reason: refusal.reason, message: refusal.message } };
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

  deadline(): undefined {
    return undefined;
  }

  report(state: UniverseState, live: LiveView, context?: SharedContext): Report {
    return reportUniverse(state, live, tenancyOf(context));
  }
}
