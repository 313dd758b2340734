import { type KubernetesObject, manifestDigest } from '@rynxs/kernel';
import type { Json, JsonMap, LogEvent } from '@rynxs/log';
import { AgentReconciler } from '../agent-reconciler.js';
import type { AgentState } from '../state.js';

// What the tests of this package start from.

export const GIBIBYTE = 1_073_741_824;

export function reconciler(defaultWorkspaceSize = GIBIBYTE): AgentReconciler {
  return new AgentReconciler({ defaultWorkspaceSize });
}

/** An Agent as an API server without admission would give it. */
export function agent(spec: Json, name = 'my-agent'): KubernetesObject {
  return {
    apiVersion: 'universe.ai/v1alpha1',
    kind: 'Agent',
    metadata: {
      name,
      namespace: 'default',
      uid: 'agent-uid',
      generation: 1,
      creationTimestamp: '2026-01-01T00:00:00Z',
    },
    spec,
  };
}

/** An event of an Agent. */
export function event(type: string, payload: JsonMap, name = 'my-agent'): LogEvent {
  return {
    aggregate_id: `agents/default/${name}`,
    hash_version: 'v3',
    meta: { batch: 'b', end: true, epoch: 1, trace_id: 't', writer: 'w' },
    payload: { v: 1, ...payload },
    seq: 1,
    ts: '2026-01-01T00:00:00.000Z',
    type,
  };
}

/** The state after an Agent was observed with this spec, on top of an earlier state. */
export function observe(
  spec: Json,
  state?: AgentState,
  options: { readonly name?: string; readonly uid?: string; readonly by?: AgentReconciler } = {},
): AgentState {
  const { name = 'my-agent', uid = 'agent-uid', by = reconciler() } = options;
  const observed = by.observe(agent(spec, name));
  const payload = { uid, generation: 1, spec: observed, manager: null, managed_at: null };
  const next = by.reduce(state, event('AgentObserved', payload, name), by.configuration);
  if (next === undefined) throw new Error('an observed Agent must have a state');
  return next;
}

/** The state of an observed Agent whose children are all as they should be. */
export function settled(spec: Json, before?: AgentState): AgentState {
  const state = observe(spec, before);
  const children = Object.fromEntries(
    reconciler()
      .manifests(state)
      .map((manifest) => {
        const { kind, metadata } = manifest.object;
        return [`${kind}/${metadata.name}`, { uid: `${kind}-uid`, digest: manifestDigest(manifest) }];
      }),
  );
  return { ...state, children };
}

/** Why a spec is refused; undefined when it is accepted. */
export function refusalOf(spec: Json, name?: string): string | undefined {
  return observe(spec, undefined, name === undefined ? {} : { name }).refusal?.message;
}
