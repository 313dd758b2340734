import type { JsonMap, LogEvent } from '@rynxs/log';
import type { ChildrenState } from '../contracts/children.js';
import type { KubernetesObject, ResourceType } from '../contracts/cluster.js';
import type { Decision, LiveView, Manifest, Reconciler, Report } from '../contracts/reconciler.js';
import { decideChildren, reduceChildren } from '../reconcile/children.js';
import { type ObjectObserved, payloadOf } from '../reconcile/events.js';

export const WIDGET: ResourceType = {
  group: 'example.com',
  version: 'v1',
  kind: 'Widget',
  plural: 'widgets',
  namespaced: true,
};
export const CONFIG_MAP: ResourceType = {
  group: '',
  version: 'v1',
  kind: 'ConfigMap',
  plural: 'configmaps',
  namespaced: true,
};

/** What the manifests of a widget are computed from. */
interface Basis {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly spec: JsonMap;
}

export interface WidgetState {
  readonly basis: Basis;
  readonly children: ChildrenState<Basis>;
  readonly isExpired: boolean;
}

/**
 * The smallest reconciler that shows everything: a Widget with `colors` becomes one ConfigMap per color, and with a
 * `deadline` (RFC 3339) none any more once that has come. For tests, and to learn from.
 */
export class WidgetReconciler implements Reconciler<WidgetState> {
  readonly name: string = 'widget';
  readonly version: number = 1;
  readonly resource = WIDGET;
  readonly owns = [CONFIG_MAP];
  readonly configuration: JsonMap = {};

  observe(object: KubernetesObject): JsonMap {
    return object.spec as JsonMap;
  }

  reduce(state: WidgetState | undefined, event: LogEvent, _configuration: JsonMap): WidgetState | undefined {
    if (event.type === 'WidgetDeleted') return undefined;
    if (event.type === 'WidgetObserved') {
      const [, namespace = '', name = ''] = event.aggregate_id.split('/');
      const { uid, spec } = payloadOf<ObjectObserved>(event);
      return { basis: { namespace, name, uid, spec }, children: state?.children ?? {}, isExpired: false };
    }
    if (state === undefined) return undefined;
    if (event.type === 'DeadlineReached') return { ...state, isExpired: true };
    const children = reduceChildren(state.children, event, state.basis);
    return children === state.children ? state : { ...state, children };
  }

  decide(state: WidgetState): Decision {
    return {
      actions: decideChildren(this.manifests(state), state.children, this.owns, state.basis.namespace),
    };
  }

  manifests({ basis, isExpired }: WidgetState): readonly Manifest[] {
    return isExpired ? [] : colorsOf(basis).map((color) => configMap(basis, color));
  }

  children(state: WidgetState): ChildrenState<unknown> {
    return state.children;
  }

  applied(state: WidgetState, child: string): Manifest | undefined {
    const basis = state.children[child]?.basis;
    if (basis === undefined) return undefined;
    return colorsOf(basis)
      .map((color) => configMap(basis, color))
      .find((manifest) => child === `ConfigMap/${manifest.object.metadata.name}`);
  }

  deadline({ basis, isExpired }: WidgetState): string | undefined {
    return isExpired || typeof basis.spec.deadline !== 'string' ? undefined : basis.spec.deadline;
  }

  report(state: WidgetState, live: LiveView): Report {
    const wanted = this.manifests(state).length;
    const isReady = live.children.length === wanted;
    return {
      status: {
        observedGeneration: live.object.metadata.generation ?? 0,
        ready: isReady,
        contested: [...live.contested],
        lastEvent: { ...live.lastEvent },
      },
      health: isReady
        ? { state: 'ready', reason: 'Complete', message: `${wanted} ConfigMaps` }
        : {
            state: 'degraded',
            reason: 'Incomplete',
            message: `${live.children.length} of ${wanted} ConfigMaps`,
          },
    };
  }
}

/** A Widget as a user would write it. */
export function widget(name: string, spec: JsonMap): KubernetesObject {
  return { apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name, namespace: 'default' }, spec };
}

function colorsOf(basis: Basis): readonly string[] {
  return Array.isArray(basis.spec.colors) ? (basis.spec.colors as readonly string[]) : [];
}

function configMap({ namespace, name, uid, spec }: Basis, color: string): Manifest {
  const data: Record<string, string> = { color };
  if (typeof spec.note === 'string') data.note = spec.note;
  return {
    resource: CONFIG_MAP,
    object: {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: {
        name: `${name}-${color}`,
        namespace,
        labels: { 'app.kubernetes.io/managed-by': 'rynxs' },
        ownerReferences: [{ apiVersion: 'example.com/v1', kind: 'Widget', name, uid, controller: true }],
      },
      data,
    },
  };
}
