import { AgentReconciler, SessionReconciler, UniverseReconciler } from '@rynxs/agent-sandbox';
import {
  type Aggregate,
  type KubernetesObject,
  type Manifest,
  Projection,
  type Reconciler,
} from '@rynxs/kernel';
import { type JsonMap, type LogEvent, ZERO_HASH } from '@rynxs/log';

const GIBIBYTE = 1_073_741_824;

/** The part of an Agent's state that says why it is not obeyed. */
interface Refusable {
  readonly refusal?: { readonly reason: string };
}

export interface ExpectedAgent {
  /** Why the spec is refused; undefined when it is obeyed. */
  readonly refusal: string | undefined;
  readonly manifests: readonly Manifest[];
  /** The time after which something else is expected (RFC 3339). */
  readonly until: string | undefined;
}

/**
 * What should be, computed anew from what users ask for now: nothing of an operator, its log or the past is in it.
 * `expected` is by uid.
 */
export function expectedAgents(
  universes: readonly KubernetesObject[],
  agents: readonly KubernetesObject[],
): ReadonlyMap<string, ExpectedAgent> {
  const reconcilers = [
    new UniverseReconciler(),
    new AgentReconciler({ defaultWorkspaceSize: GIBIBYTE }),
    new SessionReconciler(),
  ];
  const projection = new Projection(reconcilers);
  let seq = 0;
  const apply = (aggregateId: string, type: string, payload: JsonMap) => {
    projection.apply({ event: eventOf(aggregateId, type, payload, seq), hash: ZERO_HASH });
    seq += 1;
  };
  apply('log', 'ConfigurationObserved', {
    reconcilers: Object.fromEntries(
      reconcilers.map(({ name, version, configuration }) => [name, { version, configuration }]),
    ),
  });
  const observe = (object: KubernetesObject, reconciler: Reconciler): string => {
    const { uid = '', generation = 0, namespace, name } = object.metadata;
    const { plural, kind } = reconciler.resource;
    const id = namespace === undefined ? `${plural}/${name}` : `${plural}/${namespace}/${name}`;
    const spec = reconciler.observe(object);
    apply(id, `${kind}Observed`, { uid, generation, spec, manager: null, managed_at: null });
    const deadline = reconciler.deadline(projection.get(id)?.state);
    if (deadline !== undefined && Date.parse(deadline) <= Date.now())
      apply(id, 'DeadlineReached', { deadline });
    return id;
  };
  for (const universe of universes) observe(universe, reconcilers[0] as Reconciler);
  const ids = agents.map((agent) => observe(agent, reconcilers[1] as Reconciler));
  return new Map(
    ids.map((id, index) => [agents[index]?.metadata.uid ?? '', expectationOf(projection.get(id))] as const),
  );
}

function expectationOf(aggregate: Aggregate | undefined): ExpectedAgent {
  if (aggregate === undefined) throw new Error('an observed Agent must have a state');
  const { reconciler, state } = aggregate;
  return {
    refusal: (state as Refusable).refusal?.reason,
    manifests: reconciler.manifests(state),
    until: reconciler.deadline(state),
  };
}

function eventOf(aggregateId: string, type: string, payload: JsonMap, seq: number): LogEvent {
  return {
    aggregate_id: aggregateId,
    hash_version: 'v3',
    meta: { batch: 'soak', end: true, epoch: 1, trace_id: 'soak', writer: 'soak' },
    payload: { v: 1, ...payload },
    seq,
    ts: new Date().toISOString(),
    type,
  };
}
