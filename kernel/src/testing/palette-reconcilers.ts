import type { JsonMap, LogEvent } from '@rynxs/log';
import type { ChildrenState } from '../contracts/children.js';
import type { KubernetesObject, ResourceType } from '../contracts/cluster.js';
import type { Decision, Manifest, Reconciler, Report } from '../contracts/reconciler.js';
import type { ContextMember, SharedContext, SharedContextType } from '../contracts/shared-context.js';
import { type ObjectObserved, payloadOf } from '../reconcile/events.js';
import { WidgetReconciler, type WidgetState } from './widget-reconciler.js';

// For tests of the kernel: a kind on which another one depends.

export const PALETTE: ResourceType = {
  group: 'example.com',
  version: 'v1',
  kind: 'Palette',
  plural: 'palettes',
  namespaced: false,
};

interface PaletteState {
  readonly colors: readonly string[];
}

/** A Palette as a user would write it: the only colors that Widgets may have. */
export function palette(name: string, colors: readonly string[]): KubernetesObject {
  return { apiVersion: 'example.com/v1', kind: 'Palette', metadata: { name }, spec: { colors: [...colors] } };
}

/** The colors of all Palettes together; undefined while there is none, and then every color is good. */
class Colors implements SharedContext {
  readonly #palettes = new Map<string, PaletteState>();
  readonly #widgets = new Set<string>();

  get allowed(): readonly string[] | undefined {
    if (this.#palettes.size === 0) return undefined;
    return [...this.#palettes.values()].flatMap(({ colors }) => colors).sort();
  }

  update(id: string, member: ContextMember | undefined): Iterable<string> {
    if (id.startsWith('widgets/')) {
      if (member === undefined) this.#widgets.delete(id);
      else this.#widgets.add(id);
      return [];
    }
    const state = member?.state as PaletteState | undefined;
    if (this.#palettes.get(id) === state) return [];
    if (state === undefined) this.#palettes.delete(id);
    else this.#palettes.set(id, state);
    return [...this.#widgets];
  }

  mayAffect({ type }: { readonly type: string }, id: string): boolean {
    return type.startsWith('Palette') && id.startsWith('widgets/');
  }
}

const COLORS: SharedContextType = { create: () => new Colors() };

/** Puts Palettes on the record. */
export class PaletteReconciler implements Reconciler<PaletteState> {
  readonly name = 'palette';
  readonly version = 1;
  readonly resource = PALETTE;
  readonly owns = [];
  readonly configuration = {};
  readonly context = COLORS;

  observe(object: KubernetesObject): JsonMap {
    return object.spec as JsonMap;
  }

  reduce(state: PaletteState | undefined, event: LogEvent): PaletteState | undefined {
    if (event.type === 'PaletteDeleted') return undefined;
    if (event.type !== 'PaletteObserved') return state;
    return payloadOf<ObjectObserved>(event).spec as unknown as PaletteState;
  }

  decide(): Decision {
    return { actions: [] };
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

  report(): Report {
    return { status: { isKnown: true } };
  }
}

export interface LimitedState extends WidgetState {
  /** The colors that the Widget may have; absent for any. */
  readonly allowed?: readonly string[];
}

/** Makes only ConfigMaps of colors that a Palette has. */
export class LimitedWidgetReconciler extends WidgetReconciler implements Reconciler<LimitedState> {
  readonly context = COLORS;
  readonly after = ['palette'];

  override reduce(
    state: LimitedState | undefined,
    event: LogEvent,
    configuration: JsonMap,
    context?: SharedContext,
  ): LimitedState | undefined {
    const next = super.reduce(state, event, configuration);
    if (next === undefined || !(context instanceof Colors)) return next;
    const { allowed } = context;
    return event.type === 'WidgetObserved'
      ? { ...next, ...(allowed === undefined ? {} : { allowed }) }
      : next;
  }

  adapt(state: LimitedState, context: SharedContext): LimitedState {
    const { allowed: before, ...rest } = state;
    const allowed = context instanceof Colors ? context.allowed : undefined;
    if (before?.join() === allowed?.join()) return state;
    return allowed === undefined ? rest : { ...rest, allowed };
  }

  override manifests(state: LimitedState): readonly Manifest[] {
    const { allowed } = state;
    return super
      .manifests(state)
      .filter(({ object }) => allowed?.includes((object.data as { color: string }).color) !== false);
  }
}
