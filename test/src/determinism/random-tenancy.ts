import { createHash } from 'node:crypto';
import { AgentReconciler, SessionReconciler, UniverseReconciler } from '@rynxs/agent-sandbox';
import { type Aggregate, type Decision, Projection, type Reconciler } from '@rynxs/kernel';
import { describeDecision } from '@rynxs/kernel/testing';
import { canonicalize, type Json, type JsonMap, type LogEvent, type LogRecord } from '@rynxs/log';
import fc from 'fast-check';

// Histories of many objects that depend on each other: Universes, the Agents that they bound, and Sessions.

const NAMESPACES = ['red', 'green'] as const;
const AGENTS = NAMESPACES.flatMap((namespace) =>
  ['a', 'b', 'c'].map((name) => `agents/${namespace}/${name}`),
);
const SESSIONS = NAMESPACES.map((namespace) => `sessions/${namespace}/s`);
const UNIVERSES = ['universes/one', 'universes/two', 'universes/three'] as const;

const AGENT_SPECS: readonly JsonMap[] = [
  { image: 'registry.example.com/agents/bot:1' },
  { image: 'python:3.11-slim', universe: 'one' },
  { image: 'python:3.11-slim', lifecycle: { state: 'Suspended' } },
  {
    image: 'registry.example.com/agents/bot:2',
    resources: { limits: { cpu: '2' } },
    lifecycle: { ttl: '1h' },
  },
  { image: '' },
];
const UNIVERSE_SPECS: readonly JsonMap[] = [
  { namespaces: ['red'] },
  { namespaces: ['red', 'green'], quota: { agents: 2 } },
  { namespaces: ['green'], images: { allowed: ['registry.example.com/**'] }, quota: { agents: 1 } },
  { namespaces: ['red'], limits: { cpu: 1 }, quota: { agents: 4 } },
  { namespaces: ['red', 'green'], images: { allowed: [] } },
];
const SESSION_SPECS: readonly JsonMap[] = [
  { agentRef: { name: 'a' }, principal: 'alice' },
  { agentRef: { name: 'a' }, principal: 'alice', lifecycle: { ttl: '30m' } },
  { agentRef: { name: 'a' }, principal: 'alice', lifecycle: { state: 'Closed' } },
];

const HEALTHS = ['Ready', 'Degraded', 'Suspended'] as const;

/** Something that happens; numbers choose among what there is. */
export type TenancyStep =
  | readonly ['agent' | 'universe' | 'session', number, number]
  | readonly ['delete', number]
  | readonly ['health', number, (typeof HEALTHS)[number]]
  | readonly ['deadline', number]
  | readonly ['decide', number, boolean];

const number = fc.nat({ max: 1_000 });
const step = (weight: number, arbitrary: fc.Arbitrary<TenancyStep>) => ({ weight, arbitrary });

/** Any history of some Universes, Agents and Sessions. */
export const tenancySteps: fc.Arbitrary<readonly TenancyStep[]> = fc.array(
  fc.oneof(
    step(4, fc.tuple(fc.constant('agent' as const), number, number)),
    step(2, fc.tuple(fc.constant('universe' as const), number, number)),
    step(1, fc.tuple(fc.constant('session' as const), number, number)),
    step(1, fc.tuple(fc.constant('delete' as const), number)),
    step(1, fc.tuple(fc.constant('health' as const), number, fc.constantFrom(...HEALTHS))),
    step(1, fc.tuple(fc.constant('deadline' as const), number)),
    step(6, fc.tuple(fc.constant('decide' as const), number, fc.boolean())),
  ),
  { minLength: 1, maxLength: 60, size: 'max' },
);

/** What this plugin reconciles, as a process makes it. */
export function tenancyReconcilers(): readonly Reconciler[] {
  return [
    new AgentReconciler({ defaultWorkspaceSize: 1_073_741_824 }),
    new UniverseReconciler(),
    new SessionReconciler(),
  ];
}

/** Lets the steps happen, one after another, as the runtime would record them. */
export class TenancyHistory {
  readonly records: LogRecord[] = [];
  readonly projection = new Projection(tenancyReconcilers());
  #uids = 0;

  constructor() {
    const reconcilers = Object.fromEntries(
      tenancyReconcilers().map(({ name, version, configuration }) => [name, { version, configuration }]),
    );
    this.#record('ConfigurationObserved', 'log', { reconcilers });
  }

  play(step: TenancyStep): void {
    switch (step[0]) {
      case 'agent':
        this.#observe(chosen(AGENTS, step[1]), chosen(AGENT_SPECS, step[2]));
        break;
      case 'universe':
        this.#observe(chosen(UNIVERSES, step[1]), chosen(UNIVERSE_SPECS, step[2]));
        break;
      case 'session':
        this.#observe(chosen(SESSIONS, step[1]), chosen(SESSION_SPECS, step[2]));
        break;
      case 'delete': {
        const aggregate = this.#oneOf(() => true, step[1]);
        const uid = aggregate?.observed?.uid ?? '';
        if (aggregate !== undefined)
          this.#record(`${aggregate.reconciler.resource.kind}Deleted`, aggregate.id, {
            uid,
            found: 'watching',
          });
        break;
      }
      case 'health': {
        const agent = this.#oneOf(({ reconciler }) => reconciler.name === 'agent', step[1]);
        const payload = { uid: agent?.observed?.uid ?? '', reason: 'Any', message: '' };
        if (agent !== undefined) this.#record(`Agent${step[2]}`, agent.id, payload);
        break;
      }
      case 'deadline': {
        const aggregate = this.#oneOf((one) => deadlineOf(one) !== undefined, step[1]);
        if (aggregate !== undefined)
          this.#record('DeadlineReached', aggregate.id, { deadline: deadlineOf(aggregate) ?? '' });
        break;
      }
      case 'decide': {
        const aggregate = this.#oneOf(isUnsettled, step[1]);
        if (aggregate !== undefined) this.#decide(aggregate, step[2]);
      }
    }
  }

  /** Decides until nobody has anything to decide. Throws when that takes too long. */
  settle(): void {
    for (let rounds = 0; rounds < 200; rounds += 1) {
      const unsettled = [...this.projection.aggregates()].find(isUnsettled);
      if (unsettled === undefined) return;
      this.#decide(unsettled, true);
    }
    throw new Error('decisions never come to an end');
  }

  #observe(id: string, spec: JsonMap): void {
    const reconciler = this.projection.reconcilerOf(id);
    if (reconciler === undefined) return;
    const [name = '', namespace] = id.split('/').slice(1).reverse();
    const observed = this.projection.get(id)?.observed;
    if (observed === undefined) this.#uids += 1;
    const metadata = {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      creationTimestamp: '2026-01-01T00:00:00Z',
    };
    this.#record(`${reconciler.resource.kind}Observed`, id, {
      uid: observed?.uid ?? `uid-${this.#uids}`,
      generation: (observed?.generation ?? 0) + 1,
      spec: reconciler.observe({ metadata, spec }),
      manager: null,
      managed_at: null,
    });
  }

  #decide(aggregate: Aggregate, isApplied: boolean): void {
    const decided = describeDecision(aggregate.reconciler.decide(aggregate.state), aggregate);
    const seq = this.#record('ActionsDecided', aggregate.id, decided as unknown as JsonMap);
    for (const [action, { child, verb, uid }] of decided.actions.entries()) {
      this.#uids += 1;
      const common = { decision: seq, action, child, verb };
      if (isApplied)
        this.#record('ActionApplied', aggregate.id, { ...common, uid: uid ?? `uid-${this.#uids}` });
      else {
        const failure = { reason: 'Unavailable', message: '', permanent: false, ambiguous: false };
        this.#record('ActionFailed', aggregate.id, { ...common, ...failure });
      }
    }
  }

  #oneOf(isMeant: (aggregate: Aggregate) => boolean, choice: number): Aggregate | undefined {
    const meant = [...this.projection.aggregates()].filter(isMeant);
    return meant[choice % meant.length];
  }

  #record(type: string, aggregateId: string, payload: JsonMap): number {
    const seq = this.records.length;
    const event: LogEvent = {
      aggregate_id: aggregateId,
      hash_version: 'v3',
      meta: { batch: `batch-${seq}`, end: true, epoch: 1, trace_id: `trace-${seq}`, writer: 'test' },
      payload: JSON.parse(canonicalize({ v: 1, ...payload })) as LogEvent['payload'],
      seq,
      ts: '2026-01-01T00:00:00.000Z',
      type,
    };
    const hash = createHash('sha256')
      .update(canonicalize(event as unknown as Json))
      .digest('hex');
    const record = { event, hash };
    this.records.push(record);
    this.projection.apply(record);
    return seq;
  }
}

/** Whether there is something to decide for the object. */
function isUnsettled({ reconciler, state }: Aggregate): boolean {
  const { actions, refusal, phase }: Decision = reconciler.decide(state);
  return actions.length > 0 || refusal !== undefined || phase !== undefined;
}

function deadlineOf({ reconciler, state }: Aggregate): string | undefined {
  return reconciler.deadline(state);
}

function chosen<T>(from: readonly T[], choice: number): T {
  const one = from[choice % from.length];
  if (one === undefined) throw new RangeError('there is nothing to choose from');
  return one;
}
